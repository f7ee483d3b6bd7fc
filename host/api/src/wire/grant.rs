//! What an operator grants to a connector, on the wire.

use patchbay_model as model;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an operator grants to a connector beyond its release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    /// Which addresses of customers' own it may reach.
    customer_origins: CustomerOrigins,
}

/// Which addresses of customers' own a connector may reach: `none`, `any_public` (https, and an address that the
/// whole internet sees), or those of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CustomerOrigins {
    /// No address.
    None,
    /// Any that is public.
    AnyPublic,
    /// These: scheme, host and port, in lower case, e.g. `https://books.example.com`. At most 1,000.
    Listed(Vec<String>),
}

/// What is granted to a connector, and whether that matters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Granted {
    /// Which addresses of customers' own it may reach, where it asks for any.
    customer_origins: CustomerOrigins,
    /// Whether the release that is in use asks for addresses of customers' own. Where it does not, it reaches none, whatever
    /// is granted.
    asked: bool,
}

impl Granted {
    pub(crate) fn of(origins: model::CustomerOrigins, asked: bool) -> Self {
        Self { customer_origins: origins.into(), asked }
    }
}

impl From<model::CustomerOrigins> for CustomerOrigins {
    fn from(origins: model::CustomerOrigins) -> Self {
        match origins {
            model::CustomerOrigins::None => Self::None,
            model::CustomerOrigins::AnyPublic => Self::AnyPublic,
            model::CustomerOrigins::Listed(listed) => Self::Listed(listed),
        }
    }
}

impl From<Grant> for model::CustomerOrigins {
    fn from(grant: Grant) -> Self {
        match grant.customer_origins {
            CustomerOrigins::None => Self::None,
            CustomerOrigins::AnyPublic => Self::AnyPublic,
            CustomerOrigins::Listed(listed) => Self::Listed(listed),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_grant_is_a_word_or_a_list() {
        for (origins, word) in [
            (model::CustomerOrigins::None, json!("none")),
            (model::CustomerOrigins::AnyPublic, json!("any_public")),
            (
                model::CustomerOrigins::Listed(vec!["https://a.example".to_owned()]),
                json!({ "listed": ["https://a.example"] }),
            ),
        ] {
            let grant: Grant = serde_json::from_value(json!({ "customer_origins": word })).expect("a grant");
            let told = json!({ "customer_origins": word, "asked": true });
            assert_eq!(serde_json::to_value(Granted::of(origins.clone(), true)).ok(), Some(told));
            assert_eq!(model::CustomerOrigins::from(grant), origins);
        }
        for bad in [json!("any"), json!({ "listed": "x" }), json!({ "any_public": [], "none": [] })] {
            assert!(serde_json::from_value::<Grant>(json!({ "customer_origins": bad })).is_err());
        }
        assert!(serde_json::from_value::<Grant>(json!({ "customer_origins": "none", "more": 1 })).is_err());
    }
}
