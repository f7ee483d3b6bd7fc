//! Which model a stream is, and which of its fields are wanted. Which of them a database has depends on its version and its
//! apps, so they are asked for first: one field that is unknown makes a whole call fail.

use patchbay_sdk::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{call::Call, wire::Api};

/// What names of discovered streams begin with, as the manifest says it.
pub(crate) const DISCOVERED: &str = "model.";

/// A stream of the manifest.
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) model: &'static str,
    pub(crate) per_account: bool,
    /// Read anew each time: there are few of them.
    pub(crate) whole: bool,
    fields: &'static str,
}

/// The streams of the manifest.
pub(crate) const STREAMS: [Stream; 7] = [
    Stream {
        name: "contacts",
        title: "Contacts",
        model: "res.partner",
        per_account: true,
        whole: false,
        fields: "name is_company parent_id email phone mobile vat street zip city country_id company_id active",
    },
    Stream {
        name: "leads",
        title: "Leads and opportunities",
        model: "crm.lead",
        per_account: true,
        whole: false,
        fields: "name type partner_id contact_name email_from phone stage_id user_id team_id probability \
                 expected_revenue date_deadline company_id active",
    },
    Stream {
        name: "events",
        title: "Calendar events",
        model: "calendar.event",
        per_account: false,
        whole: false,
        fields: "name start stop allday start_date stop_date duration location videocall_location description user_id \
                 partner_ids attendee_ids privacy show_as res_model res_id recurrency recurrence_id active",
    },
    Stream {
        name: "projects",
        title: "Projects",
        model: "project.project",
        per_account: true,
        whole: false,
        fields: "name partner_id user_id company_id active",
    },
    Stream {
        name: "tasks",
        title: "Tasks",
        model: "project.task",
        per_account: true,
        whole: false,
        fields: "name description project_id stage_id state kanban_state priority user_ids user_id partner_id \
                 date_deadline tag_ids parent_id date_last_stage_update company_id active",
    },
    Stream {
        name: "companies",
        title: "Companies",
        model: "res.company",
        per_account: false,
        whole: true,
        fields: "name vat currency_id country_id",
    },
    Stream {
        name: "invoices",
        title: "Invoices and journal entries",
        model: "account.move",
        per_account: true,
        whole: false,
        fields: "name move_type state payment_state partner_id invoice_date invoice_date_due amount_untaxed amount_tax \
                 amount_total amount_residual currency_id company_id",
    },
];

/// What is read: a model, and whether all of it each time.
pub(crate) struct Source<'a> {
    pub(crate) model: &'a str,
    pub(crate) whole: bool,
    /// The fields that are wanted; none for all that are not files.
    wanted: Option<Vec<&'static str>>,
}

/// A field as `fields_get` tells it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Field {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) string: String,
    #[serde(default)]
    pub(crate) selection: Option<Value>,
}

/// Fields of a model by name.
pub(crate) type Fields = std::collections::BTreeMap<String, Field>;

impl Stream {
    pub(crate) fn source(&self) -> Source<'static> {
        let wanted = self.fields.split_whitespace().chain(["create_date", "write_date"]).collect();
        Source { model: self.model, whole: self.whole, wanted: Some(wanted) }
    }
}

/// What a stream of this name reads; none when there is no such stream.
pub(crate) fn source(stream: &str) -> Option<Source<'_>> {
    if let Some(model) = stream.strip_prefix(DISCOVERED) {
        return is_model(model).then_some(Source { model, whole: false, wanted: None });
    }
    STREAMS.iter().find(|known| known.name == stream).map(Stream::source)
}

/// Whether it is written as models are: it becomes a part of an address.
pub(crate) fn is_model(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
}

/// What differs between versions in a task that is to be made.
pub(crate) fn task_fields() -> Source<'static> {
    Source { model: "project.task", whole: false, wanted: Some(vec!["user_ids", "user_id", "date_deadline"]) }
}

impl Source<'_> {
    pub(crate) fn of_model(model: &str) -> Source<'_> {
        Source { model, whole: false, wanted: None }
    }

    /// Those of the wanted fields that this database has, with what `fields_get` says of them.
    pub(crate) fn fields(&self, api: &Api, attributes: &[&str]) -> Result<Fields> {
        let call = Call::of(self.model, "fields_get").named("attributes", attributes);
        let all: Map<String, Value> = api.ask(&call.maybe("allfields", self.wanted.as_ref()))?.value()?;
        let mut fields = Fields::new();
        for (name, value) in all {
            let asked = self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&name.as_str()));
            // What is told without a type is no field.
            let Ok(field) = serde_json::from_value::<Field>(value) else { continue };
            // Files would make a page as large as they are.
            if asked && field.kind != "binary" {
                fields.insert(name, field);
            }
        }
        Ok(fields)
    }
}
