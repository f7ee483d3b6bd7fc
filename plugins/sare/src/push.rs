//! E-mails and contacts.
//!
//! A mail goes out as often as it is sent, and cannot be looked for: it has one step, and after a lost answer a person
//! looks. Contacts are added or changed by their address, so that twice is once.

use std::collections::BTreeMap;

use patchbay_sdk::{Context, Error, Item, Object, Outcome, Result, run};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{hub, wire::Api};

/// The step of a mail.
const SEND: &str = "send";
/// The step of a contact.
const SAVE: &str = "save";
/// The step of one that leaves a group.
const REMOVE: &str = "remove";

/// What a connection may choose.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    sender: Option<String>,
    reply_to: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Target {
    pub(crate) id: String,
}

#[derive(Deserialize)]
struct Email {
    subject: String,
    html: Option<String>,
    text: Option<String>,
    newsletter: Option<u64>,
    from: Option<String>,
    reply_to: Option<String>,
}

#[derive(Serialize)]
struct EmailToSend<'a> {
    email: &'a str,
    subject: &'a str,
    from: &'a str,
    encoding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    newsletter: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replyto: Option<&'a str>,
}

/// A mail as the answer tells it.
#[derive(Deserialize)]
struct Sent {
    id: Option<Value>,
}

#[derive(Deserialize)]
struct Contact {
    email: String,
    name: Option<String>,
    phone: Option<String>,
    comment: Option<String>,
    status: Option<u8>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    #[serde(default)]
    custom: BTreeMap<String, String>,
}

/// The flags that make it safe to repeat: nobody is moved out of a group, and what is there is changed. A status is only
/// for somebody new, and no confirmation is asked for, which would be a mail.
#[derive(Serialize)]
struct ContactsToSave<'a> {
    only_add_to_groups: bool,
    update_on_duplicate: bool,
    update_status_on_duplicate: bool,
    send_confirmation: bool,
    emails: [ContactToSave<'a>; 1],
}

#[derive(Serialize)]
struct ContactToSave<'a> {
    email: &'a str,
    groups: [u64; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gsm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    prop: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    prop_cust: BTreeMap<String, String>,
}

/// What was done with the addresses of a write.
#[derive(Deserialize)]
struct Saved {
    #[serde(default)]
    added: u64,
}

#[derive(Deserialize)]
struct Leaving {
    email: String,
}

#[derive(Serialize)]
struct LeavingGroup<'a> {
    emails: [&'a str; 1],
    groups: [u64; 1],
}

pub(crate) fn push(ctx: &Context, item: &Item) -> Result<Outcome> {
    match item.action.as_str() {
        "send_email" => send(ctx, item),
        "contact" => save(ctx, item),
        "remove_from_group" => remove(ctx, item),
        "hub_event" => hub::tell(ctx, item),
        _ => Err(item.unsupported()),
    }
}

fn send(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let settings: Settings = ctx.settings()?;
    let (target, email): (Target, Email) = (item.target()?, item.payload()?);
    let from = email.from.as_deref().or(settings.sender.as_deref()).ok_or_else(|| {
        Error::invalid_config(
            "Enter the sender of e-mails in the settings of this connection, or name one with the e-mail.",
        )
        .field("/sender", "The sender is missing.")
    })?;
    if email.html.is_none() && email.text.is_none() && email.newsletter.is_none() {
        return Err(Error::invalid_input("An e-mail needs a text or a newsletter.").field("/text", "There is no text."));
    }
    let mail = EmailToSend {
        email: address(&target.id, "/id")?,
        subject: &email.subject,
        from,
        encoding: "utf-8",
        newsletter: email.newsletter,
        html: email.html.as_deref(),
        txt: email.text.as_deref(),
        replyto: email.reply_to.as_deref().or(settings.reply_to.as_deref()),
    };
    let said = api.write(&["send", "mail", "transactional"], &[mail], SEND)?;
    said.no_row_refused("/id")?;
    // That it was taken is what the code says. What a mail is called in the answer is assumed, so it does not depend on that.
    let sent: Vec<Sent> = said.data().unwrap_or_default();
    let id = sent.into_iter().next().and_then(|sent| sent.id);
    Ok(Outcome::Created(match id {
        Some(Value::String(id)) if !id.is_empty() => Object::of(id),
        Some(Value::Number(id)) => Object::of(id),
        _ => Object::of(run::step_key(SEND)),
    }))
}

fn save(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let (target, contact): (Target, Contact) = (item.target()?, item.payload()?);
    let email = address(&contact.email, "/email")?.to_owned();
    let saved = ContactToSave {
        email: &email,
        groups: [group(&target)?],
        name: contact.name.as_deref(),
        gsm: contact.phone.as_deref(),
        comment: contact.comment.as_deref(),
        status: contact.status,
        prop: contact.properties,
        prop_cust: contact.custom,
    };
    let body = ContactsToSave {
        only_add_to_groups: true,
        update_on_duplicate: true,
        update_status_on_duplicate: false,
        send_confirmation: false,
        emails: [saved],
    };
    let said = api.write(&["email", "add"], &body, SAVE)?;
    said.no_row_refused("/email")?;
    let is_new = said.data::<Saved>().is_ok_and(|saved| saved.added > 0);
    let object = Object::of(email.to_lowercase());
    Ok(if is_new { Outcome::Created(object) } else { Outcome::Updated(object) })
}

fn remove(ctx: &Context, item: &Item) -> Result<Outcome> {
    let api = Api::of(ctx)?;
    let (target, leaving): (Target, Leaving) = (item.target()?, item.payload()?);
    let email = address(&leaving.email, "/email")?;
    let body = LeavingGroup { emails: [email], groups: [group(&target)?] };
    api.write(&["group", "remove_emails"], &body, REMOVE)?.no_row_refused("/email")?;
    Ok(Outcome::Updated(Object::of(email.to_lowercase())))
}

fn group(target: &Target) -> Result<u64> {
    target
        .id
        .parse()
        .map_err(|_| Error::invalid_input("Choose a group.").field("/id", "This is not the number of a group."))
}

/// An address as far as it can be told here; SARE looks closer.
fn address<'a>(text: &'a str, pointer: &str) -> Result<&'a str> {
    let text = text.trim();
    match text.split_once('@') {
        Some((who, host)) if !who.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace) => Ok(text),
        _ => Err(Error::invalid_input("This is not an e-mail address.").field(pointer, "Write an e-mail address.")),
    }
}
