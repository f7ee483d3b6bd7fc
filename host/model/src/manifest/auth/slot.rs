//! Slots: where the gate puts a credential, as it is or as a signature.

use serde::{Deserialize, Serialize};

/// Where the gate puts a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Slot {
    /// What a request names.
    pub id: String,
    /// What a request without a name gets.
    #[serde(default)]
    pub standard: bool,
    /// The place in the request.
    pub place: SlotPlace,
    /// The header's or parameter's name, or the JSON pointer; not for `basic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is put there: `Bearer {access_token}`; for `basic`, `{user}:{password}`; for `signed`, what is
    /// signed.
    pub value: String,
    /// How it is signed (`signed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Slots that are filled together with this one, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
}

/// HMAC-SHA256 of a slot's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signature {
    /// The key, of named secrets: `{client_secret}`.
    pub key: String,
    /// Where the signature goes; `name` of the slot says under which name.
    pub into: SignedInto,
    /// How its bytes are written.
    #[serde(default)]
    pub encoding: SignatureEncoding,
}

/// Where a signature goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedInto {
    /// A header.
    Header,
    /// A query parameter, appended last.
    Query,
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureEncoding {
    /// Lower-case hexadecimal.
    #[default]
    Hex,
    /// Base64 with padding (RFC 4648, section 4).
    Base64,
}

/// The place of a slot in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotPlace {
    /// A header.
    Header,
    /// A query parameter, appended last.
    Query,
    /// `Authorization: Basic …`.
    Basic,
    /// A value in a JSON body that is null before.
    Json,
    /// A signature of named secrets, in a header or the query.
    Signed,
}
