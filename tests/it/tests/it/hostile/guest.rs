//! A connection to a hostile connector: what it is told to do, in each of its exports, and what came of it.

use std::sync::atomic::Ordering;

use patchbay_it::Tenant;
use patchbay_test_support::{Answer, Result, wait_until};
use serde_json::{Value, json};

use super::{LIMIT, Stand};

/// What a connection asks for that does nothing.
pub(super) const QUIET: &str = "none/quiet";

/// A connection to a hostile connector.
pub(super) struct Guest<'a> {
    pub(super) stand: &'a Stand,
    pub(super) tenant: Tenant,
    pub(super) connector: String,
    pub(super) connection: String,
    pub(super) token: String,
}

impl Guest<'_> {
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v1/connections/{}{rest}", self.connection)
    }

    /// Says what is done from now on: `EXPORT/DEED`.
    pub(super) fn set(&self, deed: &str) -> Result<()> {
        let change = json!({ "settings": { "deed": deed } });
        self.tenant.api.patch(&self.path(""), &change)?.expect(200).map(drop)
    }

    /// Has something asked of it meanwhile. What is tried again later is tried with a quiet one.
    pub(super) fn while_it<T>(&self, export: &str, deed: &str, ask: impl FnOnce() -> Result<T>) -> Result<T> {
        self.stand.asked.fetch_add(1, Ordering::SeqCst);
        self.set(&format!("{export}/{deed}"))?;
        let came = ask();
        self.set(QUIET)?;
        came
    }

    /// Asks the API again and again how a deed goes, until there is an answer.
    fn looks<T>(&self, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        wait_until(what, LIMIT, || {
            self.stand.looked.fetch_add(1, Ordering::SeqCst);
            ask()
        })
    }

    /// One run of the stream `chosen`, as the operator sees it.
    pub(super) fn reads(&self, deed: &str) -> Result<Value> {
        self.reads_of("chosen", deed)
    }

    pub(super) fn reads_of(&self, stream: &str, deed: &str) -> Result<Value> {
        let run = self.while_it("read", deed, || {
            let run = self.tenant.run(&self.tenant.sync(&self.connection, stream)?)?;
            self.looks(&format!("the end of {run}"), || {
                let told = self.tenant.get(&format!("/v1/runs/{run}"))?.json;
                Ok(told["ended_at"].is_string().then_some(()))
            })?;
            Ok(run)
        })?;
        Ok(self.stand.rig.operator_of(&self.tenant).get(&format!("/v1/runs/{run}"))?.expect(200)?.json)
    }

    /// One attempt of a push of the action `plain`, as the operator sees it.
    pub(super) fn pushes(&self, deed: &str) -> Result<Value> {
        self.while_it("push", deed, || self.push("plain", &format!("{deed:.40}")))
    }

    /// The same with another action, whatever is set.
    pub(super) fn push(&self, action: &str, key: &str) -> Result<Value> {
        let push = self.begin(action, key)?;
        let operator = self.stand.rig.operator_of(&self.tenant);
        self.looks("the end of an attempt", || {
            let push = operator.get(&format!("/v1/pushes/{push}"))?.expect(200)?.json;
            let state = push["state"].as_str().unwrap_or_default();
            let tried = push["attempts"].as_u64() > Some(0) && state != "sending";
            Ok(tried.then_some(push))
        })
    }

    /// Hands an item over; its push.
    pub(super) fn begin(&self, action: &str, key: &str) -> Result<String> {
        let body = json!({ "connection": self.connection, "action": action, "key": key, "payload": {} });
        self.tenant.api.post("/v1/pushes", &body)?.expect(201)?.text_at("/id")
    }

    /// A push whose answer is lost, as the operator sees it once it was looked for. Its next look is a quiet one, and finds it.
    pub(super) fn finds(&self, deed: &str) -> Result<Value> {
        let operator = self.stand.rig.operator_of(&self.tenant);
        let (path, looked) = self.while_it("find", deed, || {
            let path = format!("/v1/pushes/{}", self.begin("sought", &format!("find {deed:.40}"))?);
            let looked = self.looks("the end of a look", || {
                let push = operator.get(&path)?.expect(200)?.json;
                Ok((push["looks"].as_u64() > Some(0)).then_some(push))
            })?;
            Ok((path, looked))
        })?;
        self.looks("a quiet look to find it", || {
            Ok((operator.get(&path)?.expect(200)?.json["state"] == json!("done")).then_some(()))
        })?;
        Ok(looked)
    }

    pub(super) fn identifies(&self, deed: &str) -> Result<Answer> {
        self.while_it("identify", deed, || self.tenant.api.post(&self.path("/identify"), &json!({})))
    }

    /// Asked when a person connects it.
    pub(super) fn connects(&self, deed: &str) -> Result<Answer> {
        let fields = json!({ "token": self.token, "choice": format!("identify/{deed}") });
        self.tenant.api.post("/v1/connections", &json!({ "connector": self.connector, "fields": fields }))
    }

    pub(super) fn discovers(&self, deed: &str) -> Result<Answer> {
        self.while_it("discover", deed, || {
            wait_until("the end of another discovery", LIMIT, || {
                let answer = self.tenant.api.post(&self.path("/discover"), &json!({}))?;
                Ok((answer.status != 409).then_some(answer))
            })
        })
    }

    pub(super) fn picks(&self, deed: &str) -> Result<Answer> {
        self.while_it("pick", deed, || {
            // What was asked before is answered from memory, and the settings belong to the question.
            self.tenant.api.get(&self.path("/pickers/search?q=x"))
        })
    }

    /// A deed in each export; what came of it: the code that a person sees.
    pub(super) fn everywhere(&self, deed: &str) -> Result<Vec<(&'static str, String)>> {
        let of = |answer: &Answer| code(&answer.json["code"]);
        Ok(vec![
            ("connect", of(&self.connects(deed)?)),
            ("identify", of(&self.identifies(deed)?)),
            ("discover", of(&self.discovers(deed)?)),
            ("read", code(&self.reads(deed)?["reason"]["code"])),
            ("pick", of(&self.picks(deed)?)),
            ("push", code(&self.pushes(deed)?["reason"]["code"])),
        ])
    }

    /// The records of the stream `chosen` by their keys.
    pub(super) fn record(&self, key: &str) -> Result<Value> {
        let all = patchbay_it::items(&self.tenant.api, &self.path("/records/chosen?limit=1000"))?;
        Ok(all.into_iter().find(|row| row["key"] == json!(key)).unwrap_or_default()["record"].take())
    }
}

pub(super) fn code(value: &Value) -> String {
    value.as_str().unwrap_or("none").to_owned()
}

/// That each export was told with this code.
pub(super) fn assert_all(told: &[(&str, String)], wanted: &str) {
    for (export, code) in told {
        assert_eq!(code, wanted, "{export}: {told:?}");
    }
}

/// That a run or a push ended like this; `says` is a part of what the operator reads.
pub(super) fn assert_ended(work: &Value, state: &str, code: &str, says: &str) {
    let told = (work["state"].as_str(), work["reason"]["code"].as_str());
    assert_eq!(told, (Some(state), Some(code)), "{work}");
    let operator = work["operator"].as_str().unwrap_or_default();
    assert!(operator.contains(says), "{says:?} is not what the operator reads: {work}");
}
