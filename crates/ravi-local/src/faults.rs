//! Planned faults: which calls go wrong, how, and how often.
//!
//! This module decides; [`super::gate`] carries a fault out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wildmatch::WildMatch;

/// A fault as `POST /_local/faults` takes it. Exactly one of `status`, `delay_ms`, `garbage`, `lost_reply` and `drop`
/// says what happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    /// Only calls with this method; all of them if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The path with `{id}` in place of ids, or as sent; `*` stands for any characters.
    path: String,
    /// How many calls are hit.
    #[serde(default = "once")]
    times: u32,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    skip: u32,
    /// Answers with this status; the call has no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// With `status`: the body. Text is sent as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// With `status`: headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    /// Waits this long, then answers as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// The effect happens and the status is the usual one, but the body is not JSON.
    #[serde(default, skip_serializing_if = "is_false")]
    garbage: bool,
    /// The effect happens, then the connection is cut without a reply.
    #[serde(default, skip_serializing_if = "is_false")]
    lost_reply: bool,
    /// The connection is cut and there is no effect.
    #[serde(default, skip_serializing_if = "is_false")]
    drop: bool,
}

fn once() -> u32 {
    1
}

fn is_false(value: &bool) -> bool {
    !value
}

/// What happens to one call.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// Another answer, and no effect.
    Answer { status: StatusCode, body: Option<Value>, headers: Vec<(HeaderName, HeaderValue)> },
    /// A pause before the usual answer, in milliseconds.
    Delay(u64),
    /// The usual effect and status, with a body that is not JSON.
    Garbage,
    /// The usual effect, and no answer.
    LostReply,
    /// No effect and no answer.
    Drop,
}

impl Plan {
    /// Returns the planned fault, or why the plan makes no sense.
    fn fault(&self) -> Result<Fault, String> {
        let mut faults = Vec::new();
        if let Some(status) = self.status {
            faults.push(self.answer(status)?);
        }
        faults.extend(self.delay_ms.map(Fault::Delay));
        faults.extend(self.garbage.then_some(Fault::Garbage));
        faults.extend(self.lost_reply.then_some(Fault::LostReply));
        faults.extend(self.drop.then_some(Fault::Drop));
        if self.status.is_none() && (self.body.is_some() || !self.headers.is_empty()) {
            return Err("body and headers need status".to_owned());
        }
        if self.times == 0 {
            return Err("times must be at least 1".to_owned());
        }
        match (faults.pop(), faults.is_empty()) {
            (Some(fault), true) => Ok(fault),
            _ => Err("exactly one of status, delay_ms, garbage, lost_reply, drop is needed".to_owned()),
        }
    }

    fn answer(&self, status: u16) -> Result<Fault, String> {
        let status = StatusCode::from_u16(status).ok().filter(|s| s.as_u16() >= 200).ok_or("no such status")?;
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(|_| format!("no header name: {name}"))?;
            headers.push((name, HeaderValue::try_from(value).map_err(|_| format!("no header value: {value}"))?));
        }
        Ok(Fault::Answer { status, body: self.body.clone(), headers })
    }

    fn matches(&self, method: &str, template: &str, path: &str) -> bool {
        let pattern = WildMatch::new(&self.path);
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && (pattern.matches(template) || pattern.matches(path))
    }
}

/// The faults still to come, in the order in which they were planned.
#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<Plan>>);

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Vec<Plan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault, or says why it makes no sense.
    pub(super) fn plan(&self, plan: Plan) -> Result<(), String> {
        plan.fault()?;
        self.lock().push(plan);
        Ok(())
    }

    /// Returns the fault that hits this call, if any, and uses it up.
    pub(super) fn take(&self, method: &str, template: &str, path: &str) -> Option<Fault> {
        let mut plans = self.lock();
        let mut hit = None;
        for (index, plan) in plans.iter_mut().enumerate().filter(|(_, p)| p.matches(method, template, path)) {
            if plan.skip > 0 {
                plan.skip -= 1;
                continue;
            }
            let fault = plan.fault().ok()?;
            plan.times -= 1;
            hit = Some((index, plan.times, fault));
            break;
        }
        let (index, left, fault) = hit?;
        if left == 0 {
            plans.remove(index);
        }
        Some(fault)
    }

    /// Returns what is still to come; `times` and `skip` count down.
    pub(super) fn pending(&self) -> Vec<Plan> {
        self.lock().clone()
    }

    /// Forgets all faults.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }
}
