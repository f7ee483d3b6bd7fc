//! Ways to log in on the wire: what a form needs, and nothing of where the credential goes.

use patchbay_model::manifest;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    release_detail::Scope,
    words::{FieldKind, LoginKind},
};

/// A way to log in. `oauth2` happens at the provider and begins with `POST /v1/connect-sessions`; the other kinds
/// are entered in a form, there or in your own and sent to `POST /v1/connections`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Login {
    /// Its id: what `auth` names.
    #[schema(example = "token")]
    id: String,
    /// Which kind.
    kind: LoginKind,
    /// What people choose.
    #[schema(example = "Personal access token")]
    label: String,
    /// What the person enters, in this order.
    fields: Vec<Field>,
    /// What the provider is asked to allow.
    scopes: Vec<Scope>,
}

/// A field of the form.
#[derive(Debug, Serialize, ToSchema)]
struct Field {
    /// Its id: the member of `fields` in `POST /v1/connections`.
    id: String,
    /// What stands above it.
    label: String,
    /// What stands below it.
    help: Option<String>,
    /// Its type. A `secret` is sealed and never shown again.
    r#type: FieldKind,
    /// Regular expression that the whole value matches.
    pattern: Option<String>,
    /// The values of a `select`.
    options: Vec<String>,
    /// What follows the one label of a `subdomain`.
    #[schema(example = ".example.com")]
    suffix: Option<String>,
    /// Whether it may be left empty.
    optional: bool,
}

impl From<manifest::Field> for Field {
    fn from(field: manifest::Field) -> Self {
        Self {
            id: field.id,
            label: field.label,
            help: field.help,
            r#type: field.kind.into(),
            pattern: field.pattern,
            options: field.options,
            suffix: field.suffix,
            optional: field.optional,
        }
    }
}

impl From<manifest::Auth> for Login {
    fn from(auth: manifest::Auth) -> Self {
        Self {
            id: auth.id,
            kind: auth.kind.into(),
            label: auth.label,
            fields: auth.fields.into_iter().map(Into::into).collect(),
            scopes: auth.scopes.into_iter().map(Into::into).collect(),
        }
    }
}
