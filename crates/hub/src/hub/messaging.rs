//! Messages to users, to single sessions, and to all.

use super::Hub;
use crate::effects::{Answer, Effects, Now, SessionKey, WorkerIndex};
use crate::mail::{Addressee, Letter, ReplyTo, SessionNews, UserNews};
use crate::names::{SessionId, UserName};
use crate::publication::Publication;
use crate::refusal::{Refusal, RefusalCode};
use crate::told::Own;
use std::sync::Arc;

impl Hub {
    /// Sends a letter to where the sessions of a user are known.
    pub(super) fn ask_user(&mut self, user: UserName, news: UserNews, effects: &mut impl Effects) {
        let worker = self.worker_of(&user);
        self.post(worker, Letter::ToUser { user, news }, effects);
    }

    /// Makes a session known as one of its user's.
    pub(super) fn tell_user_directory(&mut self, key: SessionKey, effects: &mut impl Effects) {
        let Some(session) = self.session(key) else {
            return;
        };
        let id = session.id;
        if let Some(user) = session.identity.user.clone() {
            self.ask_user(user, UserNews::Came { session: id }, effects);
        }
    }

    pub(super) fn leave_user_directory(
        &mut self,
        session: SessionId,
        user: UserName,
        effects: &mut impl Effects,
    ) {
        self.ask_user(user, UserNews::Gone { session }, effects);
    }

    pub(super) fn user_news(&mut self, user: UserName, news: UserNews, effects: &mut impl Effects) {
        match news {
            UserNews::Came { session } => self.users.entry(user).or_default().push(session),
            UserNews::Gone { session } => {
                let Some(sessions) = self.users.get_mut(&user) else {
                    return;
                };
                sessions.retain(|known| *known != session);
                if sessions.is_empty() {
                    self.users.remove(&user);
                }
            }
            UserNews::Tell { news, reply } => {
                let sessions = self.users.get(&user).cloned().unwrap_or_default();
                let answer = match sessions.is_empty() {
                    true => {
                        let text = format!("no session of {user} is there");
                        Answer::Refused(Refusal::new(RefusalCode::NotFound, text))
                    }
                    false => news.answer(),
                };
                for session in sessions {
                    // One that is gone need not be told.
                    let _sent = self.write_to(session, (news.clone(), None), effects);
                }
                self.reply(reply, answer, effects);
            }
        }
    }

    /// Writes to a session by its name: to where it began, which knows where it is. Where it is found, or found to be
    /// nowhere, `reply` is answered.
    pub(super) fn write_to(
        &mut self,
        session: SessionId,
        (news, reply): (SessionNews, Option<ReplyTo>),
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        if session.node != self.config.node || session.worker >= self.config.workers {
            return Err(no_session(session));
        }
        let to = Addressee::Id(session);
        self.post(WorkerIndex(session.worker), Letter::ToSession { to, news, reply }, effects);
        Ok(())
    }

    /// A letter was for a session that is nowhere.
    pub(super) fn is_nobody(
        &mut self,
        to: Addressee,
        (news, reply): (SessionNews, Option<ReplyTo>),
        effects: &mut impl Effects,
    ) {
        match (to, reply, news) {
            (Addressee::Id(session), Some(reply), _) => {
                self.reply(reply, Answer::Refused(no_session(session)), effects);
            }
            (_, _, SessionNews::Called(call)) => {
                self.refuse_call(&call, RefusalCode::NotFound, "there is no such session", effects);
            }
            _ => {}
        }
    }

    /// A session gets a message, and may have it kept until it acknowledges it. What leaves it out has no number.
    pub(super) fn take_message(
        &mut self,
        key: SessionKey,
        (message, is_kept): (&Arc<Publication>, bool),
        effects: &mut impl Effects,
    ) {
        let session = self.session_mut(key);
        let Some(session) = session.filter(|session| !message.leaves_out(session.id)) else {
            return;
        };
        let number = match is_kept {
            true => session.more().messages.push(message),
            false => 0,
        };
        self.tell(key, &Own::Message { number, message }, effects);
    }

    /// Tells a session that has come back what it has not got: messages, calls and answers.
    pub(super) fn retell(
        &mut self,
        now: Now,
        key: SessionKey,
        message: u64,
        effects: &mut impl Effects,
    ) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let (Some(connection), Some(more)) = (session.connection, session.more.as_mut()) else {
            return;
        };
        let message = message.min(more.messages.last);
        more.messages.acknowledge(message);
        // Each time it comes back, until it shows that it knows.
        if let Some((from, to)) = more.messages.lost() {
            effects.tell(connection, &Own::MessagesLost { from, to });
        }
        for (number, message) in more.messages.unacknowledged() {
            effects.tell(connection, &Own::Message { number: *number, message });
        }
        self.retell_calls(now, key, effects);
        self.set_session_deadline(now, key);
    }

    /// Gives a message to all its number, by which a session that moves meanwhile is not told twice, and sends it to every
    /// worker.
    pub(super) fn number_for_all(
        &mut self,
        message: &Arc<Publication>,
        except: &Arc<[SessionId]>,
        effects: &mut impl Effects,
    ) {
        self.for_all += 1;
        for worker in 0..self.config.workers {
            let (message, except) = (Arc::clone(message), Arc::clone(except));
            let letter = Letter::ToAll { number: self.for_all, message, except };
            self.post(WorkerIndex(worker), letter, effects);
        }
    }

    /// Tells all sessions of this worker that have a connection and were not told on another one.
    pub(super) fn tell_all(
        &mut self,
        number: u64,
        message: &Arc<Publication>,
        except: &[SessionId],
        effects: &mut impl Effects,
    ) {
        self.told_all = number;
        for (_, session) in &self.sessions {
            let told = session.more.as_ref().map_or(0, |more| more.told_all);
            if let Some(connection) = session.connection
                && told < number
                && !except.contains(&session.id)
                && !message.leaves_out(session.id)
            {
                effects.tell(connection, &Own::Message { number: 0, message });
            }
        }
    }
}

fn no_session(session: SessionId) -> Refusal {
    Refusal::new(RefusalCode::NotFound, format!("there is no session {session}"))
}
