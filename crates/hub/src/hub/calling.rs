//! Calls: a session asks another one, or the backend, and gets one answer, whatever happens.

use super::Hub;
use crate::command::{Call, CommandId};
use crate::effects::{BackendCall, Effects, Now, SessionKey};
use crate::limits::{CALL_TIMEOUT, CALL_TIMEOUT_MAX, CALLS_MAX, TOKEN_SIZE_MAX};
use crate::mail::{Addressee, CallRef, IncomingCall, Letter, SessionNews};
use crate::publication::{Payload, Publisher};
use crate::refusal::{Refusal, RefusalCode};
use crate::session::{CallAnswer, OutgoingCall};
use crate::told::Own;
use std::borrow::Cow;
use std::sync::Arc;

impl Hub {
    pub(super) fn call(
        &mut self,
        now: Now,
        (key, id): (SessionKey, CommandId),
        call: &Call<'_>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        if call.method.is_empty() || call.method.len() > TOKEN_SIZE_MAX {
            let text = "expected a method's name of 1 to 255 bytes";
            return Err(Refusal::new(RefusalCode::BadRequest, text));
        }
        if let Some(callee) = call.session {
            self.may_address(key, &format!("@session:{callee}"))?;
        }
        let worker = self.config.worker;
        let deadline = now.instant + call.timeout.unwrap_or(CALL_TIMEOUT).min(CALL_TIMEOUT_MAX);
        let Some(session) = self.session_mut(key) else {
            return Ok(());
        };
        let from = Publisher { session: session.id, user: session.identity.user.clone() };
        let more = session.more();
        if more.calls.len() >= CALLS_MAX {
            let text = "64 calls of this session await their answers already";
            return Err(Refusal::new(RefusalCode::LimitExceeded, text));
        }
        more.calls_made += 1;
        let number = more.calls_made;
        let outgoing = OutgoingCall { id, callee: call.session, deadline, answer: None };
        more.calls.insert(number, outgoing);
        self.set_session_deadline(now, key);
        let sent = match call.session {
            Some(callee) => {
                let incoming = IncomingCall {
                    caller: CallRef { worker, session: key, call: number },
                    from,
                    method: (&*call.method).into(),
                    format: call.payload.format,
                    payload: call.payload.bytes.into(),
                    deadline,
                };
                let news = SessionNews::Called(Arc::new(incoming));
                self.write_to(callee, (news, None), effects)
            }
            None => call_backend((key, number), call, &from, deadline, effects),
        };
        if sent.is_err()
            && let Some(session) = self.session_mut(key)
        {
            session.more().calls.remove(&number);
            self.set_session_deadline(now, key);
        }
        sent
    }

    /// The caller does not want the answer any more.
    pub(super) fn cancel(
        &mut self,
        now: Now,
        key: SessionKey,
        id: CommandId,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let calls = self.session(key).and_then(|session| session.more.as_ref());
        let found = calls.and_then(|more| more.calls.iter().find(|(_, call)| call.id == id));
        let Some((number, _)) = found else {
            let text = format!("no call with the id {} awaits an answer", id.0);
            return Err(Refusal::new(RefusalCode::NotFound, text));
        };
        let number = *number;
        self.end_call(key, number, effects);
        self.set_session_deadline(now, key);
        Ok(())
    }

    /// Forgets a call of a session's, and tells who was called.
    fn end_call(
        &mut self,
        key: SessionKey,
        number: u64,
        effects: &mut impl Effects,
    ) -> Option<OutgoingCall> {
        let worker = self.config.worker;
        let call = self.session_mut(key)?.more().calls.remove(&number)?;
        if let Some(callee) = call.callee.filter(|_| call.answer.is_none()) {
            let caller = CallRef { worker, session: key, call: number };
            let news = SessionNews::CallCancelled { caller };
            // One that is gone need not be told.
            let _gone = self.write_to(callee, (news, None), effects);
        }
        Some(call)
    }

    /// Somebody calls a session.
    pub(super) fn called(
        &mut self,
        now: Now,
        key: SessionKey,
        call: Arc<IncomingCall>,
        effects: &mut impl Effects,
    ) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let more = session.more();
        if more.incoming.len() >= CALLS_MAX {
            let text = "64 calls await this session's answers already";
            return self.refuse_call(&call, RefusalCode::Unavailable, text, effects);
        }
        more.calls_got += 1;
        let number = more.calls_got;
        more.incoming.insert(number, Arc::clone(&call));
        self.tell_called(now, key, number, &call, effects);
        self.set_session_deadline(now, key);
    }

    fn tell_called(
        &self,
        now: Now,
        key: SessionKey,
        number: u64,
        call: &IncomingCall,
        effects: &mut impl Effects,
    ) {
        let called = Own::Called {
            call: number,
            caller: &call.from,
            method: &call.method,
            payload: Payload { format: call.format, bytes: &call.payload },
            timeout: call.deadline.saturating_duration_since(now.instant),
        };
        self.tell(key, &called, effects);
    }

    pub(super) fn refuse_call(
        &mut self,
        call: &IncomingCall,
        code: RefusalCode,
        text: &str,
        effects: &mut impl Effects,
    ) {
        let answer = Err((code.name().into(), text.into()));
        self.answer_call(call.caller, answer, effects);
    }

    fn answer_call(&mut self, caller: CallRef, answer: CallAnswer, effects: &mut impl Effects) {
        let CallRef { worker, session, call } = caller;
        let news = SessionNews::Answered { call, answer };
        let to = Addressee::Key(session);
        self.post(worker, Letter::ToSession { to, news, reply: None }, effects);
    }

    pub(super) fn call_cancelled(
        &mut self,
        now: Now,
        key: SessionKey,
        caller: CallRef,
        effects: &mut impl Effects,
    ) {
        let Some(more) = self.session_mut(key).and_then(|session| session.more.as_mut()) else {
            return;
        };
        let found = more.incoming.iter().find(|(_, call)| call.is(caller));
        if let Some(call) = found.map(|(number, _)| *number) {
            more.incoming.remove(&call);
            self.tell(key, &Own::CallCancelled { call }, effects);
            self.set_session_deadline(now, key);
        }
    }

    /// A session answers a call.
    pub(super) fn reply_to_call(
        &mut self,
        now: Now,
        key: SessionKey,
        number: u64,
        answer: Result<Payload<'_>, (Cow<'_, str>, Cow<'_, str>)>,
        effects: &mut impl Effects,
    ) -> Result<(), Refusal> {
        let more = self.session_mut(key).and_then(|session| session.more.as_mut());
        let Some(call) = more.and_then(|more| more.incoming.remove(&number)) else {
            let text =
                format!("call {number} awaits no answer: it was answered, cancelled or too late");
            return Err(Refusal::new(RefusalCode::NotFound, text));
        };
        let answer = match answer {
            Ok(payload) => Ok((payload.format, payload.bytes.into())),
            Err((code, text)) => Err(((&*code).into(), (&*text).into())),
        };
        self.answer_call(call.caller, answer, effects);
        self.set_session_deadline(now, key);
        Ok(())
    }

    /// The answer to a session's call has come.
    pub(super) fn answered(
        &mut self,
        now: Now,
        key: SessionKey,
        number: u64,
        answer: CallAnswer,
        effects: &mut impl Effects,
    ) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let Some(call) = session.more().calls.remove(&number) else {
            return;
        };
        self.tell_answer(key, (number, call), answer, effects);
        self.set_session_deadline(now, key);
    }

    /// Tells a session the answer to its call, or keeps it until the session is back.
    fn tell_answer(
        &mut self,
        key: SessionKey,
        (number, call): (u64, OutgoingCall),
        answer: CallAnswer,
        effects: &mut impl Effects,
    ) {
        let told = match &answer {
            Ok((format, bytes)) => Ok(Payload { format: *format, bytes }),
            Err((code, text)) => Err((&**code, &**text)),
        };
        let is_told = self.tell(key, &Own::Answered { id: call.id, answer: told }, effects);
        if !is_told && let Some(session) = self.session_mut(key) {
            let call = OutgoingCall { answer: Some(answer), ..call };
            session.more().calls.insert(number, call);
        }
    }

    pub(super) fn backend_answered(
        &mut self,
        now: Now,
        key: SessionKey,
        call: u64,
        answer: Result<Payload<'_>, Refusal>,
        effects: &mut impl Effects,
    ) {
        let answer = match answer {
            Ok(payload) => Ok((payload.format, payload.bytes.into())),
            Err(refusal) => Err((refusal.code.name().into(), (&*refusal.text).into())),
        };
        let news = SessionNews::Answered { call, answer };
        self.session_news(now, Addressee::Key(key), (news, None), effects);
    }

    /// Tells a session that has come back of the calls that it was told of before, and of the answers that came meanwhile.
    pub(super) fn retell_calls(&mut self, now: Now, key: SessionKey, effects: &mut impl Effects) {
        let Some(more) = self.session_mut(key).and_then(|session| session.more.as_mut()) else {
            return;
        };
        let incoming: Vec<_> =
            more.incoming.iter().map(|(number, call)| (*number, Arc::clone(call))).collect();
        let answered: Vec<_> = more.calls.extract_if(.., |_, call| call.answer.is_some()).collect();
        for (number, call) in incoming {
            self.tell_called(now, key, number, &call, effects);
        }
        for (number, mut call) in answered {
            if let Some(answer) = call.answer.take() {
                self.tell_answer(key, (number, call), answer, effects);
            }
        }
    }

    /// Ends the calls whose time is up.
    pub(super) fn end_calls_due(&mut self, now: Now, key: SessionKey, effects: &mut impl Effects) {
        let Some(more) = self.session_mut(key).and_then(|session| session.more.as_mut()) else {
            return;
        };
        // The caller counts the time too.
        more.incoming.retain(|_, call| call.deadline > now.instant);
        let is_due = |call: &OutgoingCall| call.answer.is_none() && call.deadline <= now.instant;
        let due: Vec<_> =
            more.calls.iter().filter(|(_, call)| is_due(call)).map(|(number, _)| *number).collect();
        for number in due {
            let Some(call) = self.end_call(key, number, effects) else {
                continue;
            };
            let code = RefusalCode::Timeout.name();
            let answer: CallAnswer = Err((code.into(), "no answer came in time".into()));
            self.tell_answer(key, (number, call), answer, effects);
        }
    }

    /// Ends all calls of a session that ends, and those to it.
    pub(super) fn end_all_calls(&mut self, key: SessionKey, effects: &mut impl Effects) {
        let Some(more) = self.session_mut(key).and_then(|session| session.more.as_mut()) else {
            return;
        };
        let incoming = std::mem::take(&mut more.incoming);
        let outgoing: Vec<_> = more.calls.keys().copied().collect();
        for call in incoming.values() {
            self.refuse_call(
                call,
                RefusalCode::Unavailable,
                "the session that was called has ended",
                effects,
            );
        }
        for number in outgoing {
            self.end_call(key, number, effects);
        }
    }
}

fn call_backend(
    (session, number): (SessionKey, u64),
    call: &Call<'_>,
    from: &Publisher,
    deadline: std::time::Instant,
    effects: &mut impl Effects,
) -> Result<(), Refusal> {
    let call = BackendCall {
        session,
        call: number,
        caller: from,
        method: &call.method,
        payload: call.payload,
        deadline,
    };
    match effects.call_backend(&call) {
        true => Ok(()),
        false => {
            let text = "this server has no backend that could be called now";
            Err(Refusal::new(RefusalCode::Unavailable, text))
        }
    }
}
