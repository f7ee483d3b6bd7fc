//! Where a connector's requests may go, and how fast.

use serde::{Deserialize, Serialize};

/// One place that requests may go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// Scheme, host and port: exact; or with one `{field}` of type `subdomain` as the first label; or with
    /// `{region.NAME}` for the host or one label of it; or a `{field}` of type `origin` alone.
    pub origin: String,
    /// Ports besides 443 that a customer's own origin may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<u16>,
    /// What a path starts with; facts are allowed: `/api/v4/f/{firm_id}/`.
    #[serde(default = "everything")]
    pub paths: Vec<String>,
    /// Methods, upper case.
    pub methods: Vec<String>,
    /// Slots that may be filled here; none means that never a credential goes there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<String>,
    /// Why, in plain words, for the review step.
    pub reason: String,
}

fn everything() -> Vec<String> {
    vec!["/".to_owned()]
}

/// How fast a provider may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// Who shares it.
    pub scope: RateScope,
    /// What a path starts with for the rate to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Requests in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Requests in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// Requests at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Response header that says how many requests are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_header: Option<String>,
    /// Response header that says when the count starts afresh: seconds from now, Unix seconds or milliseconds (told
    /// apart by their size), or a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_header: Option<String>,
    /// A request to wait that comes with status 429 holds back only those who share this rate, and not the whole
    /// connection.
    #[serde(default, skip_serializing_if = "is_false")]
    pub alone: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_false(alone: &bool) -> bool {
    !alone
}

/// Who shares a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateScope {
    /// All connections of the connector.
    Connector,
    /// One connection.
    Connection,
    /// One account of a connection.
    Account,
}
