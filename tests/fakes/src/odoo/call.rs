//! One call of a model's method, whichever family it came by: arguments by name, checked against what the method takes.

use serde_json::{Map, Value, json};

use super::{exception::Exception, model};

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) model: String,
    pub(super) method: String,
    /// The records that it is called on; none for a method of the model.
    pub(super) ids: Option<Vec<u64>>,
    pub(super) args: Map<String, Value>,
    pub(super) context: Context,
    pub(super) user: User,
    pub(super) version: u16,
    /// By JSON-RPC.
    pub(super) rpc: bool,
}

/// Who calls.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: u64,
    /// As the journal calls the credential.
    pub(super) token: &'static str,
    pub(super) companies: &'static [u64],
    /// Models that are closed to this person.
    pub(super) closed: &'static [&'static str],
}

/// `context`, as far as the sheet names it.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Archived records are found too.
    pub(super) archived: bool,
    pub(super) companies: Option<Vec<u64>>,
}

/// A method: whether it is called on records, what it takes by place in older versions, and which of that it needs.
struct Signature {
    name: &'static str,
    on_records: bool,
    takes: &'static [&'static str],
    needs: &'static [&'static str],
}

const METHODS: [Signature; 10] = [
    method("search_read", false, &["domain", "fields", "offset", "limit", "order"], &[]),
    method("search", false, &["domain", "offset", "limit", "order"], &["domain"]),
    method("search_count", false, &["domain", "limit"], &["domain"]),
    method("fields_get", false, &["allfields", "attributes"], &[]),
    method("context_get", false, &[], &[]),
    method("create", false, &["vals_list"], &["vals_list"]),
    method("read", true, &["fields"], &[]),
    method("write", true, &["vals"], &["vals"]),
    method(
        "message_post",
        true,
        &["body", "message_type", "subtype_xmlid", "attachment_ids", "body_is_html"],
        &["body"],
    ),
    method(
        "activity_schedule",
        true,
        &["act_type_xmlid", "date_deadline", "summary", "note", "user_id"],
        &["act_type_xmlid"],
    ),
];

const fn method(
    name: &'static str,
    on_records: bool,
    takes: &'static [&'static str],
    needs: &'static [&'static str],
) -> Signature {
    Signature { name, on_records, takes, needs }
}

/// What came, before it is known whether it fits.
pub(super) struct Raw {
    pub(super) model: String,
    pub(super) method: String,
    /// Arguments by place: JSON-RPC only.
    pub(super) places: Vec<Value>,
    pub(super) named: Map<String, Value>,
    pub(super) user: User,
    pub(super) version: u16,
    pub(super) rpc: bool,
}

impl Raw {
    /// The call, when the method is there and takes all that came.
    pub(super) fn checked(self) -> Result<Call, Exception> {
        let Self { model, method, places, mut named, user, version, rpc } = self;
        if model::fields(&model, version).is_none() {
            return Err(Exception::no_model(&model, version, rpc));
        }
        if method.starts_with('_') {
            let message = format!("Private methods (such as '{model}.{method}') cannot be called remotely.");
            return Err(Exception::access(&message, &model).refused());
        }
        let there = METHODS.iter().find(|known| known.name == method);
        let there = there.filter(|known| known.name != "context_get" || model == "res.users");
        let chatter = matches!(method.as_str(), "message_post" | "activity_schedule");
        let Some(signature) = there.filter(|_| !chatter || model::has_chatter(&model)) else {
            return Err(Exception::no_method(&model, &method, rpc));
        };
        let wrong = |message: String| Exception::arguments(message, rpc);
        let context = Context::read(named.remove("context"), &user).map_err(|why| match why {
            Wrong::Text(text) => wrong(text),
            Wrong::Exception(exception) => exception,
        })?;
        let mut places = places.into_iter();
        let ids = match (signature.on_records, rpc) {
            (true, true) => Some(places.next().unwrap_or_default()),
            (true, false) => Some(named.remove("ids").unwrap_or_default()),
            (false, _) if named.contains_key("ids") => {
                return Err(wrong(format!("cannot call {model}.{method} with ids")));
            }
            (false, _) => None,
        };
        let ids =
            ids.map(|ids| numbers(&ids).ok_or_else(|| wrong(format!("{model}.{method} needs ids")))).transpose()?;
        // What comes by name may only have names that this version's method has.
        for name in named.keys() {
            let old = rpc && version < 17 && name == "domain" && method != "search_read";
            let young = name == "body_is_html" && version < 17;
            if !signature.takes.contains(&name.as_str()) || old || young {
                return Err(wrong(format!("got an unexpected keyword argument '{name}'")));
            }
        }
        for (value, name) in places.zip(signature.takes) {
            if method == "message_post" || named.insert((*name).to_owned(), value).is_some() {
                return Err(wrong(format!("{model}.{method}: too many arguments by place")));
            }
        }
        if let Some(missing) = signature.needs.iter().find(|name| !named.contains_key(**name)) {
            return Err(wrong(format!("missing a required argument: '{missing}'")));
        }
        Ok(Call { model, method, ids, args: named, context, user, version, rpc })
    }
}

impl Call {
    /// A number of the arguments.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Exception> {
        match self.args.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| Exception::value(format!("{name} must not be {value}")))
            }
        }
    }

    /// A text of the arguments; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> Result<&str, Exception> {
        match self.args.get(name) {
            None | Some(Value::Bool(false)) => Ok(""),
            Some(value) => value.as_str().ok_or_else(|| Exception::value(format!("{name} must not be {value}"))),
        }
    }

    /// A list of names; none when it is not there.
    pub(super) fn names(&self, name: &str) -> Result<Option<Vec<&str>>, Exception> {
        let Some(value) = self.args.get(name) else { return Ok(None) };
        let names = value.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
        names.map(Some).ok_or_else(|| Exception::value(format!("{name} must be a list of names")))
    }

    /// The companies whose records are seen.
    pub(super) fn companies(&self) -> &[u64] {
        match &self.context.companies {
            // The list of companies itself does not depend on which of them is chosen.
            Some(chosen) if self.model != "res.company" => chosen,
            _ => self.user.companies,
        }
    }

    /// What newer versions answer for records, and JSON-2 always: a list of ids.
    pub(super) fn made(&self, id: u64) -> Value {
        if self.rpc && self.version < 17 { json!(id) } else { json!([id]) }
    }
}

enum Wrong {
    Text(String),
    Exception(Exception),
}

impl Context {
    fn read(context: Option<Value>, user: &User) -> Result<Self, Wrong> {
        let mut read = Self::default();
        let Some(context) = context else { return Ok(read) };
        let members = context.as_object().ok_or_else(|| Wrong::Text("context must be an object".to_owned()))?;
        for (name, value) in members {
            match (name.as_str(), value) {
                ("active_test", Value::Bool(test)) => read.archived = !test,
                ("lang", Value::String(lang)) if ["en_US", "nl_BE"].contains(&lang.as_str()) => {}
                ("lang", Value::String(lang)) => {
                    return Err(Wrong::Exception(Exception::user(format!("Invalid language code: {lang}"))));
                }
                ("allowed_company_ids", ids) => {
                    let ids = numbers(ids).ok_or_else(|| Wrong::Text("allowed_company_ids must be ids".to_owned()))?;
                    if ids.is_empty() || !ids.iter().all(|id| user.companies.contains(id)) {
                        return Err(Wrong::Exception(Exception::company("res.company")));
                    }
                    read.companies = Some(ids);
                }
                ("no_mail_to_attendees" | "dont_notify", Value::Bool(_)) => {}
                _ => return Err(Wrong::Text(format!("context {name:?} is not in the sheet"))),
            }
        }
        Ok(read)
    }
}

/// A list of ids.
pub(super) fn numbers(value: &Value) -> Option<Vec<u64>> {
    value.as_array()?.iter().map(Value::as_u64).collect()
}
