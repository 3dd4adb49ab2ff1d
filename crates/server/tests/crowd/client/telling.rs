//! What a client does with what it is told.

use super::{Asked, Client, Held, Phase};
use crate::log::{Channel, Entry, Place, Recovery};
use crate::plan::Plan;
use crate::speech::{Connected, Position, Publication, Subscribed, Told, id_of};
use serde_json::json;

impl Client {
    pub(super) fn take(&mut self, told: Told, plan: &Plan) {
        if (1..=self.old_id).contains(&told.id) {
            return;
        }
        let asked = self.asked.remove(&told.id);
        if let Some(connected) = told.connected {
            self.connected(connected, plan);
        } else if let Some(publication) = told.publication {
            self.publication(&publication, plan);
        } else if let (Some(_), Some(Asked::Trespass(channel))) = (&told.subscribed, asked) {
            self.log.entries.push(Entry::Granted { channel });
        } else if let Some(subscribed) = told.subscribed {
            self.subscribed(&subscribed, plan);
        } else if let Some(published) = told.published {
            self.answered(asked, published.position.as_ref());
        } else if let Some(refused) = told.error {
            self.refused(asked, refused.code, plan);
        } else if told.unsubscribed.is_some() {
            self.unsubscribed(asked, plan);
        } else if let Some(lost) = told.lost.as_ref().filter(|lost| self.is_own(&lost.channel)) {
            self.log.entries.push(Entry::WatchLost);
            self.watch.has_lost = true;
            if (lost.from, lost.to) != (0, 0) {
                self.nonsense(format!("{lost:?}"));
            }
        } else if let Some(lost) = told.lost {
            let (channel, from, to) = (plan.channel(&lost.channel), lost.from, lost.to);
            self.log.entries.push(Entry::Lost { channel, from, to });
            self.advance(channel, to);
        } else if let Some(at) = told.caught_up {
            let channel = plan.channel(&at.channel);
            if let Some(place) = self.place(&at.position) {
                self.log.entries.push(Entry::CaughtUp { channel, place });
                self.advance(channel, place.sequence);
            }
        } else if let Some(at) = told.heartbeat {
            let channel = plan.channel(&at.channel);
            if let Some(place) = self.place(&at.position) {
                self.log.entries.push(Entry::Heartbeat { channel, place });
            }
        } else if let (Some(_), Some(Asked::Trespass(channel))) =
            (told.history.or(told.presence), asked)
        {
            self.log.entries.push(Entry::Granted { channel });
        } else if let Some(revoked) = told.revoked {
            // It has asked for that, and asks again, which is answered.
            self.log.entries.push(Entry::Revoked { channel: plan.channel(&revoked.channel) });
        }
    }

    fn connected(&mut self, connected: Connected, plan: &Plan) {
        let Connected { session, resume, resumed: is_resumed } = connected;
        self.log.entries.push(Entry::Connected { session, is_resumed });
        self.phase = Phase::Connected;
        self.resume = Some(resume);
        self.watch.is_subscribed &= is_resumed;
        if let Some(pattern) = self.member.pattern.clone().filter(|_| !self.watch.is_subscribed) {
            self.command("subscribe", json!({ "channel": pattern }), Some(Asked::Watch));
        }
        let held: Vec<(Channel, Held)> =
            self.held.iter().map(|(channel, held)| (*channel, held.clone())).collect();
        for (channel, held) in held {
            match held {
                Held { is_subscribed: true, is_leaving: true, .. } if is_resumed => {
                    self.unsubscribe(channel, plan);
                }
                Held { is_subscribed: true, .. } if is_resumed => {}
                Held { at, .. } => {
                    self.held.insert(channel, Held { at, ..Held::default() });
                    self.subscribe(channel, at, plan);
                }
            }
        }
        for publishing in self.unanswered.clone() {
            self.send(&publishing, plan);
        }
    }

    /// Whether this is its pattern.
    fn is_own(&self, name: &str) -> bool {
        self.member.pattern.as_deref() == Some(name)
    }

    fn subscribed(&mut self, subscribed: &Subscribed, plan: &Plan) {
        if self.is_own(&subscribed.channel) {
            self.log.entries.push(Entry::Watching);
            self.watch.is_subscribed = true;
            return;
        }
        let channel = plan.channel(&subscribed.channel);
        let Some(place) = subscribed.position.as_ref().and_then(|position| self.place(position))
        else {
            return self.nonsense(format!("{subscribed:?}"));
        };
        let recovery = match subscribed.recovery.as_str() {
            "live" => Recovery::Live,
            "recovered" => Recovery::Recovered,
            "lost" => Recovery::Lost { from: subscribed.from, to: subscribed.to },
            _ => Recovery::Other,
        };
        self.log.entries.push(Entry::Subscribed { channel, place, recovery });
        let held = self.held.entry(channel).or_default();
        held.is_subscribed = true;
        let known = held.at.filter(|at| at.epoch == place.epoch).map_or(0, |at| at.sequence);
        let sequence = match recovery {
            Recovery::Recovered => known.max(place.sequence),
            Recovery::Lost { to, .. } => to,
            Recovery::Live | Recovery::Other => place.sequence,
        };
        held.at = Some(Place { sequence, ..place });
    }

    fn publication(&mut self, publication: &Publication, plan: &Plan) {
        let channel = plan.channel(&publication.channel);
        let Publication { sequence, previous, .. } = *publication;
        let Some(id) = id_of(&publication.data) else {
            return self.nonsense(format!("{publication:?}"));
        };
        if let Some(pattern) = &publication.pattern {
            if !self.is_own(pattern) {
                self.nonsense(format!("{publication:?}"));
            }
            self.log.entries.push(Entry::Watched { channel, sequence, id });
            if id == u64::from(channel) + 1 {
                self.watch.lasts.insert(channel);
            }
            return;
        }
        self.log.entries.push(Entry::Publication { channel, sequence, previous, id });
        self.advance(channel, sequence);
    }

    fn answered(&mut self, asked: Option<Asked>, position: Option<&Position>) {
        match (asked, position.and_then(|position| self.place(position))) {
            (Some(Asked::Publish(channel, id)), Some(place)) => {
                self.log.entries.push(Entry::Receipt { channel, id, place });
                self.unanswered.retain(|publishing| publishing.id != id);
            }
            (Some(Asked::Trespass(channel)), _) => {
                self.log.entries.push(Entry::Granted { channel })
            }
            other => self.nonsense(format!("an answer to {other:?}")),
        }
    }

    fn refused(&mut self, asked: Option<Asked>, code: String, plan: &Plan) {
        match (asked, code.as_str()) {
            // The answer to the first time was lost, and follows when the session resumes.
            (Some(Asked::Subscribe(_) | Asked::Watch), "already_subscribed") => {}
            (Some(Asked::Unsubscribe(_)), "not_subscribed") => self.unsubscribed(asked, plan),
            (
                Some(
                    Asked::Subscribe(channel)
                    | Asked::Unsubscribe(channel)
                    | Asked::Publish(channel, _)
                    | Asked::Trespass(channel),
                ),
                _,
            ) => self.log.entries.push(Entry::Refused { channel, code }),
            (Some(Asked::Connect | Asked::Watch) | None, _) => {
                self.nonsense(format!("{code} to {asked:?}"))
            }
        }
    }

    /// It comes back, from where it was or to what is there then.
    fn unsubscribed(&mut self, asked: Option<Asked>, plan: &Plan) {
        let Some(Asked::Unsubscribe(channel)) = asked else {
            return self.nonsense(format!("unsubscribed, to {asked:?}"));
        };
        self.log.entries.push(Entry::Unsubscribed { channel });
        let held = self.held.entry(channel).or_default();
        let at = held.at.take_if(|_| true).filter(|_| self.random.one_in(2));
        *held = Held { at, ..Held::default() };
        self.subscribe(channel, at, plan);
    }

    fn advance(&mut self, channel: Channel, to: u64) {
        if let Some(at) = self.held.get_mut(&channel).and_then(|held| held.at.as_mut()) {
            at.sequence = at.sequence.max(to);
        }
    }

    fn place(&self, position: &Position) -> Option<Place> {
        let epoch = u64::from_str_radix(&position.epoch, 16).ok()?;
        Some(Place { epoch, sequence: position.sequence })
    }

    fn nonsense(&mut self, what: String) {
        self.log.entries.push(Entry::Nonsense { what });
    }
}
