//! A tenant as its own backend sees it.

use std::time::Duration;

use patchbay_test_support::{Answer, Api, Browser, Page, Result, Trouble, fakes::silverfin::FIRM, wait_until};
use serde_json::{Value, json};

use crate::Rig;

const SILVERFIN: &str = "patchbay.silverfin";
/// Longest wait for something that the host does by itself.
const LIMIT: Duration = Duration::from_secs(60);

/// A tenant and its key.
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// The text of its key.
    pub key: String,
    /// The API with that key.
    pub api: Api,
}

impl Tenant {
    /// Another handle to the same tenant.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { id: self.id.clone(), key: self.key.clone(), api: self.api.clone() }
    }

    /// Connects GitHub with the token of the fake's owner; the connection.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_github(&self, rig: &Rig) -> Result<String> {
        let fields = json!({ "token": rig.fakes.github.provider.token("owner") });
        self.connect(&json!({ "connector": "patchbay.github", "fields": fields }))
    }

    /// Connects the guests, so that they do this.
    ///
    /// # Errors
    ///
    /// They are not connected.
    pub fn connect_guests(&self, token: &str, choice: &str) -> Result<String> {
        let fields = json!({ "token": token, "choice": choice });
        self.connect(&json!({ "connector": "patchbay.guests", "fields": fields }))
    }

    fn connect(&self, body: &Value) -> Result<String> {
        let made = self.api.post("/v1/connections", body)?.expect(201)?;
        match made.text_at("/state")?.as_str() {
            "active" => made.text_at("/id"),
            _ => Err(Trouble::new(format!("it is not active: {}", made.text()))),
        }
    }

    /// Makes a connect session for Silverfin; its id and address.
    ///
    /// # Errors
    ///
    /// It was not made.
    pub fn silverfin_session(&self) -> Result<(String, String)> {
        let session = self.session(SILVERFIN, &json!({ "verification": "off" }))?;
        Ok((session.id, session.url))
    }

    /// Opens the session's page, begins, logs in at the fake and decides; the page that leads back.
    ///
    /// # Errors
    ///
    /// A page is not the one that was expected.
    pub fn log_in(&self, rig: &Rig, browser: &mut Browser, address: &str, allow: bool) -> Result<Page> {
        let away = browser.link(address, SILVERFIN, &[])?;
        let to = away.location().ok_or_else(|| Trouble::new(format!("no way to the provider: {}", away.text)))?;
        let login = rig.fakes.silverfin.provider.login();
        browser.silverfin(to.as_str(), &login.user, &login.password, FIRM, allow)
    }

    /// Connects Silverfin through the fake's pages; the connection.
    ///
    /// # Errors
    ///
    /// It is not connected.
    pub fn connect_silverfin(&self, rig: &Rig) -> Result<String> {
        let (session, address) = self.silverfin_session()?;
        let mut browser = Browser::default();
        let back = self.log_in(rig, &mut browser, &address, true)?;
        let done = browser.return_to(&back)?;
        if done.status != 200 {
            return Err(Trouble::new(format!("the callback answered {}: {}", done.status, done.text)));
        }
        self.get(&format!("/v1/connect-sessions/{session}"))?.text_at("/connection")
    }

    /// GET that is answered with 200.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.api.get(path)?.expect(200)
    }

    /// The sync of a stream; of the first account that is read, where there is one per account.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn sync(&self, connection: &str, stream: &str) -> Result<String> {
        let syncs = self.get(&format!("/v1/connections/{connection}/syncs"))?;
        let found = syncs
            .array_at("/items")?
            .into_iter()
            .find(|sync| *at(sync, "stream") == json!(stream) && *at(sync, "enabled") == json!(true));
        let id = found.as_ref().and_then(|sync| at(sync, "id").as_str()).map(str::to_owned);
        id.ok_or_else(|| Trouble::new(format!("no sync of {stream}: {}", syncs.text())))
    }

    /// Makes a run of a sync due now; the run.
    ///
    /// # Errors
    ///
    /// There is no such sync.
    pub fn run(&self, sync: &str) -> Result<String> {
        self.api.post(&format!("/v1/syncs/{sync}/run"), &json!({}))?.expect(202)?.text_at("/run")
    }

    /// Makes a run of each sync of a connection due now; the runs.
    ///
    /// # Errors
    ///
    /// There is no such connection.
    pub fn run_all(&self, connection: &str) -> Result<Vec<String>> {
        let syncs = items(&self.api, &format!("/v1/connections/{connection}/syncs"))?;
        let enabled = syncs.iter().filter(|sync| *at(sync, "enabled") == json!(true));
        enabled.map(|sync| self.run(at(sync, "id").as_str().unwrap_or_default())).collect()
    }

    /// Waits for the end of a run; the run.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub fn ended(&self, run: &str) -> Result<Value> {
        let (path, mut last) = (format!("/v1/runs/{run}"), Value::Null);
        wait_until(&format!("the end of {run}"), LIMIT, || {
            last = self.get(&path)?.json;
            Ok(at(&last, "ended_at").is_string().then(|| last.clone()))
        })
        .map_err(|trouble| Trouble::new(format!("{trouble}: {last}")))
    }

    /// The runs of a connection, newest first.
    ///
    /// # Errors
    ///
    /// There is no such connection.
    pub fn runs(&self, connection: &str) -> Result<Vec<Value>> {
        items(&self.api, &format!("/v1/runs?connection={connection}"))
    }

    /// Waits for the end of the first run of a connection that has one stream; the run.
    ///
    /// # Errors
    ///
    /// There is none, or it does not end.
    pub fn first_run(&self, connection: &str) -> Result<Value> {
        let run = wait_until("a run", LIMIT, || Ok(self.runs(connection)?.pop()))?;
        self.ended(at(&run, "id").as_str().unwrap_or_default())
    }

    /// Waits until nothing is due or running. A run that is to be tried again later counts as due.
    ///
    /// # Errors
    ///
    /// It does not come to that.
    pub fn settled(&self) -> Result<()> {
        wait_until("the end of all runs", LIMIT, || {
            // Twice: a run that fails leaves the one list, and another attempt enters the one that was looked at before.
            for state in ["due", "running", "due", "running"] {
                if !self.get(&format!("/v1/runs?state={state}"))?.array_at("/items")?.is_empty() {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    /// The changes after a place in the feed, to its end.
    ///
    /// # Errors
    ///
    /// A number is missing.
    pub fn feed(&self, mut after: u64) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        loop {
            let part = self.get(&format!("/v1/changes?after={after}&limit=1000"))?;
            all.extend(part.array_at("/changes")?);
            after = at(&part.json, "next_after").as_u64().ok_or_else(|| Trouble::new(part.text()))?;
            if *at(&part.json, "more") != json!(true) {
                return Ok(all);
            }
        }
    }

    /// Waits until a push is in one of these states; the push.
    ///
    /// # Errors
    ///
    /// It does not come to that.
    pub fn push_is(&self, push: &str, states: &[&str]) -> Result<Value> {
        let path = format!("/v1/pushes/{push}");
        let mut last = Value::Null;
        let found = wait_until(&format!("{push} to be one of {states:?}"), LIMIT, || {
            last = self.get(&path)?.json;
            Ok(states.iter().any(|state| *at(&last, "state") == json!(state)).then(|| last.clone()))
        });
        found.map_err(|error| Trouble::new(format!("{error}; it is {last}")))
    }
}

/// A member of an object; null when there is none.
pub(crate) fn at<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// All items of a list, page by page.
///
/// # Errors
///
/// There is no such list.
pub fn items(api: &Api, path: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut page = path.to_owned();
    loop {
        let answer = api.get(&page)?.expect(200)?;
        all.extend(answer.array_at("/items")?);
        let Some(next) = at(&answer.json, "next").as_str() else { return Ok(all) };
        let join = if path.contains('?') { '&' } else { '?' };
        page = format!("{path}{join}after={next}");
    }
}
