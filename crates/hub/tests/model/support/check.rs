//! What has to be true when everything that was said has arrived, and at the very end.

use super::client::Pending;
use super::setting::{CHANNELS, HISTORY_TTL, PRESENT};
use super::subscription::{State, Subscription};
use super::surroundings::may_subscribe;
use super::truth::{Attempt, Claim, To};
use super::world::World;
use sockeye_hub::{Answer, Command, Loss, LossReason, PresenceView, Request, SessionId, Stats};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl World {
    /// Everybody has got everything that there is, and knows who is there.
    pub(crate) fn check_quiescence(&mut self) {
        self.settle();
        self.clients.iter_mut().for_each(super::client::Client::forget_the_untold);
        self.read_histories();
        self.ask_presence();
        self.settle();
        let answers = std::mem::take(&mut self.answers);
        for answer in answers.values() {
            if let Answer::History(page) = answer {
                self.truth.note_top(page.channel.as_str(), page.top);
                for publication in &page.publications {
                    let channel = page.channel.as_str();
                    self.truth.note_publication(channel, page.top.epoch.0, publication);
                }
            }
        }
        for client in 0..self.clients.len() {
            self.check_client(client);
        }
        self.check_presence();
        self.truth.check_versions();
        self.check_claims();
    }

    /// What nobody was told is in history.
    fn read_histories(&mut self) {
        for channel in CHANNELS {
            let history = sockeye_hub::History { channel: channel.into(), ..Default::default() };
            self.request(0, Request::History(history));
        }
    }

    fn ask_presence(&mut self) {
        for channel in PRESENT {
            for client in &mut self.clients {
                let held = client.subscriptions.get(channel).filter(|_| client.link.is_some());
                if held.is_some_and(|held| held.presence.is_none()) {
                    let (channel, view) = (channel.into(), PresenceView::AllSessions);
                    let command = Command::Presence { channel, view, limit: None };
                    client.say(Pending::Presence(""), command);
                }
            }
        }
    }

    fn check_client(&self, number: usize) {
        let client = &self.clients[number];
        let Some(link) = client.link.as_ref().filter(|link| link.is_greeted) else {
            assert!(client.link.is_none(), "never greeted: {client:?}");
            return;
        };
        let answered = |pending: &Pending| matches!(pending, Pending::Call(_));
        assert!(client.pending.values().all(answered), "not answered: {client:?}");
        let connections = &self.workers[link.worker].around.connections;
        let identity = &connections[&link.key].identity;
        let namespaces = self.setting.namespaces();
        for subscription in client.subscriptions.values() {
            let told = || format!("{number}: {subscription:?}");
            assert_eq!(subscription.state, State::Active, "{}", told());
            assert_eq!(subscription.begun_on, link.key, "not told of it: {}", told());
            assert!(may_subscribe(identity, subscription.subject, &namespaces), "{}", told());
            if subscription.is_pattern() {
                self.check_pattern(subscription);
                continue;
            }
            assert!(subscription.is_live, "still behind: {}", told());
            let session = client.session.expect("it was greeted").0;
            let missed: Vec<_> = self.truth.due(&self.tail(subscription, session)).collect();
            assert!(missed.is_empty(), "missed the last ones {missed:?}: {}", told());
        }
    }

    fn tail(&self, subscription: &Subscription, session: SessionId) -> Claim {
        Claim {
            channel: subscription.subject.into(),
            epoch: subscription.epoch,
            after: subscription.seen.expect("it is subscribed"),
            before: u64::MAX,
            filter: subscription.filter,
            session,
            client: 0,
            life: 0,
        }
    }

    /// What was published since it is live.
    fn check_pattern(&self, subscription: &Subscription) {
        let prefix = subscription.subject.trim_end_matches('*');
        let [.., volatile_dropped, _] = self.happened();
        for (number, attempt) in self.truth.attempts.iter().enumerate() {
            let To::Channel(channel) = attempt.to else {
                continue;
            };
            let is_due = channel.starts_with(prefix)
                && attempt.is_receipted
                && attempt.step > subscription.live_since
                && !attempt.excludes_publisher
                && !(attempt.is_volatile && volatile_dropped > 0)
                && (subscription.filter.is_none() || subscription.filter == attempt.topic);
            let has_got = subscription.got_attempts.contains(&number);
            assert!(!is_due || has_got, "missed {attempt:?}: {subscription:?}");
        }
    }

    fn check_presence(&mut self) {
        for channel in PRESENT {
            let request = Request::Presence {
                channel: channel.into(),
                view: PresenceView::AllSessions,
                limit: None,
            };
            let request = self.request(0, request);
            self.settle();
            let Some(Answer::Presence(page)) = self.answers.remove(&request) else {
                panic!("no answer to who is in {channel}");
            };
            let there: BTreeSet<_> = page.members.iter().map(|member| member.session).collect();
            assert_eq!((page.sessions, page.has_more), (there.len(), false), "{page:?}");
            let users: BTreeSet<_> =
                page.members.iter().filter_map(|member| member.user.as_ref()).collect();
            assert_eq!(page.users, users.len(), "{page:?}");
            let mut gone = there.clone();
            for client in self.clients.iter().filter(|client| client.is_greeted()) {
                let session = client.session.expect("it was greeted").0;
                gone.remove(&session);
                let subscription = client.subscriptions.get(channel);
                assert_eq!(
                    there.contains(&session),
                    subscription.is_some(),
                    "client {} in {channel}: {page:?}",
                    client.number
                );
                let Some(subscription) = subscription else {
                    continue;
                };
                let (version, members) = subscription.presence.as_ref().expect("it has asked");
                let known: Vec<_> = members.values().cloned().collect();
                assert_eq!((*version, known), (page.version, page.members.clone()), "{channel}");
            }
            // Their time begins when their workers learn of it.
            let is_kept = self.time < self.noticed + self.setting.grace;
            assert!(is_kept || gone.is_empty(), "{gone:?} are in {channel}, and nobody is that");
        }
    }

    /// What subscribers believe to have missed nothing of, compared with what there was.
    fn check_claims(&mut self) {
        for claim in std::mem::take(&mut self.truth.claims) {
            let missing: Vec<_> = self.truth.due(&claim).collect();
            if missing.is_empty() {
                continue;
            }
            let subscription = self.life(&claim);
            for (sequence, attempt) in missing {
                let has_got = subscription.got.contains(&(claim.epoch, sequence));
                let mut told = subscription.lost.iter().chain(&subscription.told_elsewhere);
                let is_told = told.any(|(epoch, loss)| {
                    *epoch == claim.epoch && loss.from < sequence && sequence <= loss.to
                });
                let is_in_snapshot = subscription
                    .snapshots
                    .iter()
                    .any(|(epoch, until)| *epoch == claim.epoch && sequence <= *until);
                assert!(
                    has_got || is_told || is_in_snapshot,
                    "a silent hole: {sequence} ({:?}) of {claim:?}: {subscription:?}",
                    self.truth.attempts[attempt]
                );
            }
        }
        for client in &self.clients {
            for subscription in client.subscriptions.values().chain(&client.past) {
                self.check_losses(subscription);
            }
            if let Some((session, _)) = client.session.filter(|_| client.is_greeted()) {
                let all = client.subscriptions.values();
                all.for_each(|subscription| {
                    self.check_snapshots(subscription, session);
                    self.check_conflation(subscription, session);
                });
            }
        }
    }

    /// Who was given the state has the latest value of each key, or a later one.
    fn check_snapshots(&self, subscription: &Subscription, session: SessionId) {
        for (epoch, until) in &subscription.snapshots {
            let mut claim = self.tail(subscription, session);
            (claim.epoch, claim.after, claim.before) = (*epoch, 0, until + 1);
            // Where there is one value, each publication is a later one of it.
            let key = |number: usize| match subscription.subject {
                "last:a" => Some("the only one"),
                _ => self.truth.attempts[number].key,
            };
            let due = self.truth.due(&claim).filter_map(|(at, number)| Some((key(number)?, at)));
            for (value, at) in due.collect::<BTreeMap<_, _>>() {
                // Its own, and what does not pass, count as later ones too.
                let stream = self.truth.streams.get(&(subscription.subject.into(), *epoch));
                let mut later = stream.into_iter().flat_map(|stream| stream.range(at..));
                let has_got = later.any(|(at, number)| {
                    let attempt = &self.truth.attempts[*number];
                    let passes =
                        subscription.filter.is_none() || subscription.filter == attempt.topic;
                    let is_told =
                        subscription.lost.iter().any(|(of, loss)| of == epoch && loss.to >= *at);
                    key(*number) == Some(value)
                        && (!passes
                            || attempt.excludes_publisher
                            || is_told
                            || subscription.got.contains(&(*epoch, *at)))
                });
                // What nobody was told of may be one, also of what came while the state was read.
                let all = stream.map_or(0, |stream| stream.range(at..).count() as u64);
                let top = self.truth.top(subscription.subject, *epoch).max(*until);
                let has_got = has_got || all < top + 1 - at;
                // It may have ended before it was to be told.
                let attempt = stream.and_then(|stream| stream.get(&at));
                let has_ended = attempt.is_some_and(|number| self.has_ended(*number));
                let has_got = has_got || has_ended;
                assert!(has_got, "no value of {value:?}, set at {at}: {subscription:?}");
            }
        }
    }

    /// The latest publication of a key is never left out for a later one.
    fn check_conflation(&self, subscription: &Subscription, session: SessionId) {
        let conflated = |loss: &&(u64, Loss)| loss.1.reason == LossReason::Conflated;
        for (epoch, loss) in subscription.lost.iter().filter(conflated) {
            let mut claim = self.tail(subscription, session);
            let top = claim.after;
            (claim.epoch, claim.after, claim.before) = (*epoch, loss.from, loss.to + 1);
            let stream = &self.truth.streams[&(claim.channel.clone(), *epoch)];
            for (sequence, number) in self.truth.due(&claim) {
                let key = self.truth.attempts[number].key;
                let mut later = stream.range(sequence + 1..);
                let has_later = later.any(|(_, later)| {
                    let later = &self.truth.attempts[*later];
                    let passes =
                        subscription.filter.is_none() || subscription.filter == later.topic;
                    later.key == key && passes
                });
                // One of which nobody was told may be a later one; and without a key there is nothing to go by.
                let is_unknown = (stream.range(sequence..=top).count() as u64) < top + 1 - sequence;
                let is_old_epoch = *epoch != subscription.epoch;
                let is_owed = key.is_some() && !self.has_ended(number);
                assert!(
                    !is_owed || has_later || is_unknown || is_old_epoch,
                    "the latest of {key:?}, {sequence}, was left out by {loss:?}: {subscription:?}"
                );
            }
        }
    }

    fn has_ended(&self, attempt: usize) -> bool {
        self.truth.attempts[attempt].has_ended(self.unix_ms())
    }

    fn life(&self, claim: &Claim) -> &Subscription {
        let client = &self.clients[claim.client];
        let mut all = client.subscriptions.values().chain(&client.past);
        let is_it = |held: &&Subscription| held.life == claim.life && held.subject == claim.channel;
        all.find(is_it).expect("it is kept")
    }

    /// Nothing was called lost that could have been told.
    fn check_losses(&self, subscription: &Subscription) {
        for (epoch, loss) in &subscription.lost {
            let stream = self.truth.streams.get(&(subscription.subject.into(), *epoch));
            let Some(attempt) = stream.and_then(|all| all.get(&loss.to)) else {
                continue;
            };
            let top = self.truth.top(subscription.subject, *epoch);
            let attempt = &self.truth.attempts[*attempt];
            let is_old = self.unix_ms() >= attempt.unix_ms + HISTORY_TTL.as_millis() as u64
                || attempt.has_ended(self.unix_ms());
            // Some may be in the stream of which nobody was told where, because the channel was removed.
            let is_unplaced = |attempt: &&Attempt| {
                attempt.places.is_empty()
                    && matches!(attempt.to, To::Channel(channel) if channel == subscription.subject)
            };
            let unplaced = self.truth.attempts.iter().filter(is_unplaced).count() as u64;
            let history_size = match subscription.subject {
                "bare:a" => 0,
                _ => self.setting.history_size as u64,
            };
            match loss.reason {
                LossReason::Trimmed => assert!(
                    is_old || top + unplaced >= loss.to + history_size,
                    "{loss:?} of {top}, but {history_size} are kept: {subscription:?}"
                ),
                // See `check_conflation`.
                LossReason::Conflated | LossReason::Dropped | LossReason::NoHistory => {}
            }
        }
    }

    /// Everybody goes. Calls have ended once, and nothing of all that was is left in the hubs.
    pub(crate) fn check_the_end(&mut self) {
        for _ in 0..4 {
            self.settle();
            self.advance(Duration::from_secs(3));
        }
        self.check_quiescence();
        self.check_calls();
        self.check_messages();
        for client in 0..self.clients.len() {
            if let Some((session, _)) = self.clients[client].session {
                self.may_leave.insert((None, session));
            }
            self.drop_link(client, client % 2 == 0);
        }
        self.settle();
        // Those stay until they are removed.
        let stay = ["state:a", "last:a"].into_iter().chain(std::mem::take(&mut self.configured));
        for channel in stay.collect::<Vec<_>>() {
            self.request(0, Request::Remove { channel: channel.into() });
        }
        self.settle();
        for _ in 0..8 {
            self.advance(Duration::from_secs(100));
            self.settle();
        }
        for (number, worker) in self.workers.iter().enumerate() {
            let Stats {
                sessions,
                sessions_detached,
                subscriptions,
                subscriptions_behind,
                relays_behind,
                channels,
                ..
            } = worker.hub.stats();
            let behind = subscriptions_behind + relays_behind;
            let left = [sessions, sessions_detached, subscriptions, behind, channels];
            assert_eq!(left, [0; 5], "left in worker {number}: {:?}", worker.hub);
            assert!(worker.around.topics.is_empty() && worker.around.connections.is_empty());
            assert_eq!(worker.hub.poll_timeout(), None, "still due: {:?}", worker.hub);
            // What is in no statistics.
            let hub = format!("{:?}", worker.hub);
            for map in ["arrived", "departed", "departed_keys", "arrivals", "watchers", "users"] {
                assert!(hub.contains(&format!("{map}: {{}}")), "{map} in worker {number}: {hub}");
            }
        }
    }

    fn check_calls(&self) {
        for (number, call) in self.truth.calls.iter().enumerate() {
            assert!(call.times_told <= 1, "call {number} ended twice: {call:?}");
            let is_it =
                |session: Option<(SessionId, _)>| session.is_some_and(|(id, _)| id == call.session);
            let lives =
                self.clients.iter().any(|client| client.is_greeted() && is_it(client.session));
            assert!(
                !lives || !call.is_made || call.is_cancelled || call.times_told == 1,
                "call {number} never ended: {call:?}"
            );
        }
    }

    fn check_messages(&self) {
        for (number, attempt) in self.truth.attempts.iter().enumerate() {
            let To::Session(to) = attempt.to else {
                continue;
            };
            let is_it = |session: Option<(SessionId, _)>| session.is_some_and(|(id, _)| id == to);
            let mut all = self.clients.iter();
            let Some(client) = all.find(|client| client.is_greeted() && is_it(client.session))
            else {
                continue;
            };
            assert!(!attempt.is_refused, "client {} was not found: {attempt:?}", client.number);
            let is_left_out = attempt.excludes_publisher && attempt.publisher == Some(to);
            assert!(
                !attempt.is_receipted
                    || is_left_out
                    || client.has_lost_messages
                    || client.messages.contains(&number),
                "client {} never got {number}: {attempt:?}",
                client.number
            );
        }
    }
}
