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

impl From<model::CustomerOrigins> for Grant {
    fn from(origins: model::CustomerOrigins) -> Self {
        let customer_origins = match origins {
            model::CustomerOrigins::None => CustomerOrigins::None,
            model::CustomerOrigins::AnyPublic => CustomerOrigins::AnyPublic,
            model::CustomerOrigins::Listed(listed) => CustomerOrigins::Listed(listed),
        };
        Self { customer_origins }
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
            let body = json!({ "customer_origins": word });
            let grant: Grant = serde_json::from_value(body.clone()).expect("a grant");
            assert_eq!(serde_json::to_value(Grant::from(origins.clone())).ok(), Some(body));
            assert_eq!(model::CustomerOrigins::from(grant), origins);
        }
        for bad in [json!("any"), json!({ "listed": "x" }), json!({ "any_public": [], "none": [] })] {
            assert!(serde_json::from_value::<Grant>(json!({ "customer_origins": bad })).is_err());
        }
        assert!(serde_json::from_value::<Grant>(json!({ "customer_origins": "none", "more": 1 })).is_err());
    }
}
