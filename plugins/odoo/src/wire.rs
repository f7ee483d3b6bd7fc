//! What every request to Odoo needs, and how its answers are opened.

use patchbay_sdk::{
    Context, Error, RawValue, Result,
    http::{self, Credential, Effect, Request, Response},
    run,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    assumed::{self, Assumed, Settings},
    call::{self, Call},
    meaning,
};

/// JSON-2 came with this version.
pub(crate) const JSON2_FROM: u64 = 19;
/// The oldest version that is understood.
pub(crate) const OLDEST: u64 = 14;
const USER_AGENT: &str = "patchbay-connector-odoo";

/// How to talk to one database.
pub(crate) struct Api {
    pub(crate) server: String,
    pub(crate) database: String,
    pub(crate) assumed: Assumed,
    pub(crate) settings: Settings,
    family: Family,
    /// The company whose records are meant; none for all of the person's.
    company: Option<u64>,
}

/// The two ways in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// An API key as bearer; every answer has its status.
    Json2,
    /// Database, user and password in the body; errors have status 200.
    Rpc { uid: u64 },
}

/// An answer that is a success.
pub(crate) struct Told {
    response: Response,
    rpc: bool,
}

/// A JSON-RPC answer. A result of null has no member at all.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Failed>,
}

#[derive(Deserialize)]
struct Failed {
    data: Option<meaning::Exception>,
}

impl Api {
    /// For a connection that is identified.
    pub(crate) fn of(ctx: &Context) -> Result<Self> {
        let uid = if is_rpc(ctx) { number(ctx.fact("uid")?, "uid")? } else { 0 };
        let company = ctx.account.as_ref().map(|_| number(ctx.account_fact("company")?, "company")).transpose()?;
        Ok(Self { company, ..Self::with(ctx, uid)? })
    }

    /// For a person whose number is this.
    pub(crate) fn with(ctx: &Context, uid: u64) -> Result<Self> {
        let (assumed, settings) = assumed::of(ctx)?;
        let family = if is_rpc(ctx) { Family::Rpc { uid } } else { Family::Json2 };
        let (server, database) = (ctx.fact("server")?.to_owned(), ctx.fact("database")?.to_owned());
        Ok(Self { server, database, assumed, settings, family, company: None })
    }

    /// The number of the person; 0 where it is not told with each call.
    pub(crate) fn uid(&self) -> u64 {
        match self.family {
            Family::Rpc { uid } => uid,
            Family::Json2 => 0,
        }
    }

    fn rpc(&self) -> bool {
        matches!(self.family, Family::Rpc { .. })
    }

    /// The context of a call that reads: archived records too, names in one language, one company's records.
    pub(crate) fn reading(&self) -> Value {
        let mut context = Map::new();
        context.insert("active_test".to_owned(), json!(false));
        context.insert("lang".to_owned(), json!(self.settings.language));
        if let Some(company) = self.company {
            context.insert("allowed_company_ids".to_owned(), json!([company]));
        }
        Value::Object(context)
    }

    /// Asks something that changes nothing.
    pub(crate) fn ask(&self, call: &Call<'_>) -> Result<Told> {
        let call = call.clone().named("context", self.reading());
        self.opened(self.request(&call, None)?.send()?, None)
    }

    /// The rows that a domain finds.
    pub(crate) fn search<T: DeserializeOwned>(
        &self,
        model: &str,
        domain: Value,
        fields: &[&str],
        order: &str,
        limit: usize,
    ) -> Result<Vec<T>> {
        let call = Call::of(model, "search_read").place("domain", domain).named("fields", fields);
        self.ask(&call.named("order", order).named("limit", limit))?.value()
    }

    /// Writes: a step of the item, with a file for a value that is null in the first argument by place.
    pub(crate) fn write(&self, call: &Call<'_>, step: &str, file: Option<(&str, &str)>) -> Result<Told> {
        let file = file.map(|(rest, blob)| (call.pointer(self.rpc(), rest), blob));
        let request = self.request(call, file.as_ref().map(|(at, blob)| (at.as_str(), *blob)))?;
        self.opened(request.effect(Effect::Write).step(step).send()?, Some(step))
    }

    fn request(&self, call: &Call<'_>, file: Option<(&str, &str)>) -> Result<Request> {
        let files: Vec<(&str, &str)> = file.into_iter().collect();
        Ok(match self.family {
            Family::Json2 => http::post(http::address(&self.server, &["json", "2", call.model, call.method])?)
                .header("x-odoo-database", self.database.as_str())
                .json_with_blobs(&call.json2(), &files),
            Family::Rpc { uid } => http::post(http::address(&self.server, &["jsonrpc"])?)
                .json_with_blobs(&call.rpc(&self.database, uid), &files),
        }
        .header("user-agent", USER_AGENT))
    }

    fn opened(&self, response: Response, step: Option<&str>) -> Result<Told> {
        open(response, self.rpc(), step)
    }

    /// The number of the person who logs in by password; none when Odoo does not accept it.
    pub(crate) fn login(&self, user: &str) -> Result<Option<u64>> {
        let body = call::common("authenticate", &json!([self.database, user, null, {}]));
        let request =
            http::post(http::address(&self.server, &["jsonrpc"])?).header("user-agent", USER_AGENT).json(&body);
        Ok(self.opened(request.send()?, None)?.value::<Value>()?.as_u64())
    }

    /// The server's version, asked without a credential.
    pub(crate) fn version(&self) -> Result<u64> {
        let at = |path: &[&str]| http::address(&self.server, path);
        let told: Value = if self.rpc() {
            let request = http::post(at(&["jsonrpc"])?).json(&call::common("version", &json!([])));
            let request = request.header("user-agent", USER_AGENT).credential(Credential::Nothing);
            open(request.send()?, true, None)?.value()?
        } else {
            let request = http::get(at(&["web", "version"])?).header("user-agent", USER_AGENT);
            open(request.credential(Credential::Nothing).send()?, false, None)?.value()?
        };
        let said = ["/server_version_info/0", "/version_info/0", "/server_version", "/version"];
        let number = said.iter().find_map(|pointer| major(told.pointer(pointer)?));
        number.ok_or_else(|| Error::invalid_response("Odoo does not say which version it is."))
    }

    /// Whether the text of a message has to be called HTML.
    pub(crate) fn flags_html(&self) -> Result<bool> {
        // A server that has the new way in is new enough; else it is asked, because a server may have been upgraded.
        let version = if self.rpc() { self.version()? } else { JSON2_FROM };
        Ok(version >= self.assumed.html_flag_from)
    }
}

/// A success, or what Odoo means by what it is instead.
fn open(response: Response, rpc: bool, step: Option<&str>) -> Result<Told> {
    if !response.is_success() {
        return Err(meaning::of_status(&response, step));
    }
    let told = Told { response, rpc };
    if rpc && let Some(failed) = told.envelope()?.error {
        // One call is one transaction, and an error has rolled it back.
        if let Some(step) = step {
            run::step_refused(step);
        }
        return Err(meaning::of_exception(&failed.data.unwrap_or_default(), step.is_some()));
    }
    Ok(told)
}

impl Told {
    fn envelope(&self) -> Result<Envelope<'_>> {
        self.response.json()
    }

    /// The result's text.
    pub(crate) fn raw(&self) -> Result<&RawValue> {
        if !self.rpc {
            return self.response.json();
        }
        self.envelope()?.result.ok_or_else(|| self.response.unreadable("neither a result nor an error"))
    }

    pub(crate) fn value<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        let raw = self.raw()?;
        serde_json::from_str(raw.get()).map_err(|_| self.unreadable("a result of an unexpected shape"))
    }

    /// The result's rows, each with its own text.
    pub(crate) fn rows(&self) -> Result<Vec<&RawValue>> {
        self.value()
    }

    pub(crate) fn unreadable(&self, what: &str) -> Error {
        self.response.unreadable(what)
    }

    /// Bytes of the answer.
    pub(crate) fn bytes(&self) -> usize {
        self.response.body().len()
    }

    /// The id of what was made: a number, a list of them, or in old versions a record written as `mail.activity(12,)`.
    pub(crate) fn made(&self) -> Result<u64> {
        let value: Value = self.value()?;
        let first = value.as_array().and_then(|ids| ids.first()).unwrap_or(&value);
        let written = || {
            let (_, rest) = first.as_str()?.split_once('(')?;
            rest.split([',', ')']).next()?.trim().parse().ok()
        };
        first.as_u64().or_else(written).ok_or_else(|| self.unreadable("no id of what was made"))
    }
}

/// Which way the person logs in.
fn is_rpc(ctx: &Context) -> bool {
    ctx.auth == "login"
}

fn number(text: &str, what: &str) -> Result<u64> {
    text.parse().map_err(|_| {
        Error::auth_required("Something about this account is not known. Reconnect it.")
            .detail(format!("the fact `{what}`"))
    })
}

/// The first number in `19`, `"19.0"`, `"saas~18.2+e"`.
fn major(value: &Value) -> Option<u64> {
    let text = value.as_str().unwrap_or_default();
    let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    value.as_u64().or_else(|| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::major;

    #[test]
    fn rolling_versions_have_a_number_too() {
        for (said, version) in
            [(json!(17), Some(17)), (json!("saas~18"), Some(18)), (json!("16.0+e"), Some(16)), (json!("x"), None)]
        {
            assert_eq!(major(&said), version, "{said}");
        }
    }
}
