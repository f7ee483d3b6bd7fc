//! Items on the wire: what is asked to be written, alone, in a batch or in a dry run.

use patchbay_app::{AttachmentAsked, PushRequest};
use patchbay_model::{BlobId, ConnectionId, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::SendWhen;

/// An item to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "connector": "acme.books",
    "action": "issue",
    "key": "meeting-4711/todo/9",
    "source": "meeting-4711",
    "target": {"id": "42"},
    "payload": {"title": "Send the figures of March"}
}))]
pub(crate) struct Item {
    /// The connector; may be left out when the connection is named. Without a connection the tenant's single
    /// active one of this connector is used; while there is none, or several, the push waits.
    #[schema(example = "acme.books")]
    connector: Option<String>,
    /// The connection.
    #[schema(value_type = Option<String>, example = "con_068r3m5e4pvk3b8c9d0e1f2g3h")]
    connection: Option<ConnectionId>,
    /// The action, from the catalog.
    #[schema(example = "issue")]
    action: String,
    /// Your name for the item, for ever: unique for the tenant, the connector and the action. May be left out where
    /// `source` is given, which then is the key. Printable characters.
    #[schema(example = "meeting-4711/todo/9", min_length = 1, max_length = 200)]
    key: Option<String>,
    /// What it came from in your program: `GET /v1/pushes?source=…` finds all that came from it. Printable characters.
    #[schema(example = "meeting-4711", min_length = 1, max_length = 200)]
    source: Option<String>,
    /// Where at the provider; fits the action's `target` schema, at most 64 KiB. Without one, an item of an action
    /// that needs it waits until somebody chooses.
    #[schema(value_type = Option<Object>)]
    target: Option<Value>,
    /// What; fits the action's schema. The request as a whole may have 1 MiB unless the operator says otherwise; files
    /// are uploaded before and named in `attachments`.
    #[schema(value_type = Object)]
    payload: Value,
    /// Files to send with it, in this order: as many and of such types as the action's `attachments` says.
    #[serde(default)]
    attachments: Vec<AttachmentWanted>,
    /// When it is sent; `automatically` when left out.
    #[serde(default)]
    send: SendWhen,
    /// When it ends as `expired` if it still waits then, RFC 3339; when left out, after as many days as the operator
    /// says (30 unless changed).
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-12T10:20:05Z")]
    expires_at: Option<Timestamp>,
}

/// A file to be sent with an item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachmentWanted {
    /// The file, `blb_…`: uploaded before with `POST /v1/blobs`.
    #[schema(value_type = String, example = "blb_068r3m5e4pvk3b8c9d0e1f2g3h")]
    blob: BlobId,
    /// Its name at the provider, without `/` and `\`; when left out, the one that it was uploaded with.
    #[schema(example = "report.pdf", min_length = 1, max_length = 255)]
    name: Option<String>,
}

impl From<AttachmentWanted> for AttachmentAsked {
    fn from(wanted: AttachmentWanted) -> Self {
        Self { blob: wanted.blob, name: wanted.name }
    }
}

impl From<Item> for PushRequest {
    fn from(item: Item) -> Self {
        Self {
            connector: item.connector,
            connection: item.connection,
            action: item.action,
            key: item.key,
            source: item.source,
            target: item.target,
            payload: item.payload,
            attachments: item.attachments.into_iter().map(Into::into).collect(),
            on_demand: item.send == SendWhen::OnDemand,
            expires_at: item.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<PushRequest, String> {
        serde_json::from_value::<Item>(body).map(Into::into).map_err(|error| error.to_string())
    }

    #[test]
    fn an_item_is_taken_as_it_was_said() {
        let blob = "blb_00000000000000000000000000";
        let asked = read(json!({
            "connector": "acme.books", "action": "issue", "source": "m-1", "payload": {"title": "x"},
            "attachments": [{"blob": blob, "name": "a.pdf"}, {"blob": blob}],
            "send": "on_demand", "expires_at": "1970-01-01T00:00:01Z",
        }));
        let asked = asked.expect("an item");
        assert!(asked.on_demand);
        assert_eq!((asked.key, asked.source.as_deref()), (None, Some("m-1")));
        assert_eq!(asked.expires_at, Some(Timestamp::from_millis(1_000)));
        let names: Vec<_> = asked.attachments.iter().map(|file| file.name.as_deref()).collect();
        assert_eq!(names, [Some("a.pdf"), None]);
    }

    #[test]
    fn what_is_no_item_is_refused() {
        let item = |name: &str, value: Value| {
            let mut body = json!({"connector": "acme.books", "action": "issue", "key": "k", "payload": {}});
            body[name] = value;
            read(body)
        };
        assert!(item("send", json!("automatically")).is_ok_and(|asked| !asked.on_demand));
        for (name, value) in [
            ("sned", json!("on_demand")),
            ("send", json!("later")),
            ("expires_at", json!("tomorrow")),
            ("expires_at", json!(1_773_310_805)),
            ("attachments", json!([{"blob": "psh_00000000000000000000000000"}])),
            ("attachments", json!([{"blob": "blb_00000000000000000000000000", "path": "/etc/passwd"}])),
        ] {
            assert!(item(name, value.clone()).is_err(), "{name}: {value}");
        }
    }
}
