//! A channel's home: where its publications are numbered and kept.

mod idempotency;
mod presence;
mod relays;
mod values;

use crate::effects::{ChannelInfo, Now};
use crate::limits::{
    CATCH_UP_SIZE, CHANNEL_GRACE, LOOK_AGAIN_MAX, PAGE_PUBLICATIONS_MAX, PAGE_SIZE_MAX,
};
use crate::mail::{HistoryRequest, Missed, Page, PageRequest, PublishRequest};
use crate::names::ChannelName;
use crate::namespace::{Namespace, State};
use crate::publication::{Epoch, Position, Publication};
use crate::refusal::{Refusal, RefusalCode};
use crate::told::{HistoryPage, Receipt};

use idempotency::Idempotency;
use presence::Presence;
pub(crate) use relays::Missing;
use relays::Relays;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use values::Values;

/// A channel's stream, and what else is kept of it.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) channel: ChannelName,
    epoch: Epoch,
    top: u64,
    history: VecDeque<Arc<Publication>>,
    /// Everything after this number is in history.
    history_from: u64,
    values: Values,
    idempotency: Idempotency,
    pub(crate) presence: Presence,
    /// The workers with subscribers.
    pub(crate) relays: Relays,
    pub(crate) metadata: Option<Arc<str>>,
    /// It stays until it is removed.
    pub(crate) is_configured: bool,
    /// When it is looked at next.
    pub(crate) due: Option<Instant>,
    /// When it was last used.
    used_at: Instant,
}

/// What became of a publication.
#[derive(Debug)]
pub(crate) enum Published {
    /// It has a number, and is to be given to relays.
    Numbered(Arc<Publication>, Receipt),
    /// It is to be given to relays, without a number.
    Volatile(Arc<Publication>, Receipt),
    /// It was there already.
    Duplicate(Receipt),
}

impl Home {
    pub(crate) fn new(channel: ChannelName, epoch: Epoch, now: Now) -> Self {
        Self {
            channel,
            epoch,
            top: 0,
            history: VecDeque::new(),
            history_from: 0,
            values: Values::default(),
            idempotency: Idempotency::default(),
            presence: Presence::default(),
            relays: Relays::default(),
            metadata: None,
            is_configured: false,
            due: None,
            used_at: now.instant,
        }
    }

    pub(crate) const fn top(&self) -> Position {
        Position { epoch: self.epoch, sequence: self.top }
    }

    /// Numbers a publication and keeps it as its namespace wants, unless it is to be refused.
    pub(crate) fn publish(
        &mut self,
        request: PublishRequest,
        namespace: &Namespace,
        now: Now,
    ) -> Result<Published, Refusal> {
        let PublishRequest { mut draft, idempotency_key, expected_version, shows_value, .. } =
            request;
        self.used_at = now.instant;
        if let Some(key) = &idempotency_key
            && let Some(receipt) = self.idempotency.receipt(key, now.instant)
        {
            return Ok(Published::Duplicate(Receipt { is_duplicate: true, ..receipt }));
        }
        self.values.forget_ended(now.unix_ms);
        let key = self.value_key(&draft, request.is_volatile, namespace);
        if let Some(expected) = expected_version {
            self.check_version(key.as_ref(), (expected, shows_value), namespace)?;
        }
        if let Some(key) = &key {
            self.values.check_room(key, namespace.state_keys_max)?;
        }
        draft.time_ms = now.unix_ms;
        let kept_ms = namespace.history_ttl.as_millis() as u64;
        let ttl_ms = request.ttl_ms.map_or(kept_ms, |ttl| ttl.min(kept_ms));
        draft.expires_ms = now.unix_ms.saturating_add(ttl_ms);
        let receipt = Receipt {
            position: (!request.is_volatile)
                .then_some(Position { epoch: self.epoch, sequence: self.top + 1 }),
            previous: self.top,
            is_duplicate: false,
        };
        if let Some(key) = idempotency_key {
            self.idempotency.remember(key, receipt, now.instant);
        }
        if request.is_volatile {
            return Ok(Published::Volatile(Arc::new(draft), receipt));
        }
        draft.previous = self.top;
        self.top += 1;
        draft.sequence = self.top;
        let publication = Arc::new(draft);
        if let Some(key) = key {
            self.values.set(key, Arc::clone(&publication), request.ttl_ms);
        }
        self.keep(&publication, namespace.history_size, now);
        Ok(Published::Numbered(publication, receipt))
    }

    /// The key that a publication is the value of, if it is one.
    fn value_key(
        &self,
        draft: &Publication,
        is_volatile: bool,
        namespace: &Namespace,
    ) -> Option<Arc<str>> {
        match namespace.state {
            _ if is_volatile => None,
            State::None => None,
            State::Last => Some(self.values.only_key()),
            State::Keyed => draft.key().cloned(),
        }
    }

    fn check_version(
        &self,
        key: Option<&Arc<str>>,
        (expected, shows_value): (u64, bool),
        namespace: &Namespace,
    ) -> Result<(), Refusal> {
        let Some(key) = key else {
            return Err(Refusal::new(
                RefusalCode::BadRequest,
                match namespace.state {
                    State::None => {
                        "expected_version is for channels with state: this namespace keeps none"
                    }
                    _ => "expected_version needs a key, and a publication that is not volatile",
                },
            ));
        };
        let current = self.values.get(key);
        let version = current.map_or(0, |current| current.sequence);
        if version == expected {
            return Ok(());
        }
        let text =
            format!("expected version {expected} of this value, which has version {version}");
        let current = current.filter(|_| shows_value).cloned();
        Err(Refusal { current, ..Refusal::new(RefusalCode::Conflict, text) })
    }

    fn keep(&mut self, publication: &Arc<Publication>, size: usize, now: Now) {
        if size == 0 {
            self.history_from = publication.sequence;
            return;
        }
        self.history.push_back(Arc::clone(publication));
        while self.history.len() > size {
            self.forget_oldest();
        }
        self.trim(now);
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.history.pop_front() {
            self.history_from = oldest.sequence;
        }
        // A burst, or one long ago, does not hold memory for ever.
        if self.history.capacity() > 64 && self.history.len() * 4 < self.history.capacity() {
            self.history.shrink_to(self.history.len() * 2);
        }
    }

    /// Forgets what has expired. What is behind something that has not stays for as long as that.
    fn trim(&mut self, now: Now) {
        self.values.forget_ended(now.unix_ms);
        while self.history.front().is_some_and(|oldest| oldest.expires_ms <= now.unix_ms) {
            self.forget_oldest();
        }
    }

    /// What follows on a number, as much as fits into a page.
    pub(crate) fn page(&mut self, request: PageRequest, now: Now) -> Page {
        self.trim(now);
        let mut page = Page {
            channel: self.channel.clone(),
            request,
            publications: Vec::new(),
            lost_to: request.after,
            to: request.after,
            top: self.top,
        };
        if let Some(until) = request.state_until {
            let values = self.values.after(request.after).filter(|value| value.sequence <= until);
            let is_all = fill(&mut page.publications, values);
            page.to = last_of(&page.publications, is_all, until);
            return page;
        }
        page.lost_to = self.history_from.max(request.after);
        let is_all = fill(&mut page.publications, self.kept_after(request.after));
        page.to = last_of(&page.publications, is_all, self.top.max(request.after));
        page
    }

    /// What follows on a number for a relay that is behind, as much as fits into a page, and up to where.
    pub(crate) fn missed(&mut self, after: u64, now: Now) -> (Missed, u64) {
        self.trim(now);
        let mut publications = Vec::new();
        let is_all = fill(&mut publications, self.kept_after(after));
        let to = last_of(&publications, is_all, self.top);
        (Missed { lost_to: self.history_from.max(after), publications, is_all }, to)
    }

    fn kept_after(&self, sequence: u64) -> impl Iterator<Item = &Arc<Publication>> {
        let first = self.history.partition_point(|kept| kept.sequence <= sequence);
        self.history.range(first..)
    }

    /// What was published, for those who ask.
    pub(crate) fn history(&mut self, request: HistoryRequest, now: Now) -> HistoryPage {
        self.trim(now);
        let HistoryRequest { after, before, limit, state } = request;
        let end = before.unwrap_or(u64::MAX);
        let is_there = |kept: &&Arc<Publication>| kept.expires_ms > now.unix_ms;
        let place = |sequence| self.history.partition_point(|kept| kept.sequence <= sequence);
        let (publications, has_more) = if state {
            let values = self.values.after(after.unwrap_or(0));
            take(values.take_while(|value| value.sequence < end), limit)
        } else if let Some(after) = after {
            let range = place(after)..place(end.saturating_sub(1)).max(place(after));
            take(self.history.range(range).filter(is_there), limit)
        } else {
            let older = self.history.range(..place(end.saturating_sub(1)));
            let (mut newest, has_older) = take(older.rev().filter(is_there), limit);
            newest.reverse();
            (newest, has_older)
        };
        HistoryPage { channel: self.channel.clone(), top: self.top(), publications, has_more }
    }

    pub(crate) fn describe(&mut self, now: Now) -> ChannelInfo {
        self.trim(now);
        ChannelInfo {
            top: self.top(),
            history: self.history.len(),
            keys: self.values.len(),
            sessions: self.presence.len(),
            metadata: self.metadata.clone(),
        }
    }

    /// Whether nothing would be missed if it were gone; if not, when to look again.
    pub(crate) fn look_at(&mut self, now: Now) -> Result<(), Instant> {
        self.trim(now);
        self.presence.forget_leaves(now.instant);
        let unused_at = self.used_at + CHANNEL_GRACE;
        let unused_at = unused_at.max(self.idempotency.needed_until().unwrap_or(unused_at));
        let is_needed = self.is_configured
            || !self.relays.is_empty()
            || self.presence.len() > 0
            || self.values.len() > 0;
        let oldest = self.history.front().map(|oldest| oldest.expires_ms);
        if let Some(expires_ms) = oldest.into_iter().chain(self.values.next_end()).min() {
            let left = Duration::from_millis(expires_ms - now.unix_ms);
            return Err(now.instant + left.clamp(TRIM_INTERVAL, LOOK_AGAIN_MAX));
        }
        match is_needed || unused_at > now.instant {
            true => Err(unused_at.max(now.instant + TRIM_INTERVAL)),
            false => Ok(()),
        }
    }

    /// Notes that it is used.
    pub(crate) const fn touch(&mut self, now: Now) {
        self.used_at = now.instant;
    }
}

/// As much as fits into an answer, and whether there is more.
fn take<'p>(
    mut publications: impl Iterator<Item = &'p Arc<Publication>>,
    limit: usize,
) -> (Vec<Arc<Publication>>, bool) {
    let (limit, mut size) = (limit.min(PAGE_PUBLICATIONS_MAX), 0);
    let mut taken = Vec::new();
    while taken.len() < limit && size < PAGE_SIZE_MAX {
        let Some(publication) = publications.next() else {
            return (taken, false);
        };
        size += publication.size();
        taken.push(Arc::clone(publication));
    }
    (taken, publications.next().is_some())
}

/// Fills a page. `true`: with all that there is.
fn fill<'p>(
    page: &mut Vec<Arc<Publication>>,
    publications: impl Iterator<Item = &'p Arc<Publication>>,
) -> bool {
    let mut size = 0;
    for publication in publications {
        if page.len() == PAGE_PUBLICATIONS_MAX || size > CATCH_UP_SIZE {
            return false;
        }
        size += publication.size();
        page.push(Arc::clone(publication));
    }
    true
}

/// Up to where a page goes that is filled with all up to `end`, or not.
fn last_of(page: &[Arc<Publication>], is_all: bool, end: u64) -> u64 {
    page.last().filter(|_| !is_all).map_or(end, |last| last.sequence)
}

/// Homes are not looked at more often than this.
const TRIM_INTERVAL: Duration = Duration::from_secs(5);
