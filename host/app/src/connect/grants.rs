//! Which addresses of customers' own a connector may reach: asked by its manifest, granted by the operator.

use std::collections::BTreeMap;

use patchbay_model::{
    Code, CustomerOrigins, Fault,
    manifest::{Auth, FieldKind, Manifest},
};
use url::Url;

use crate::App;

/// Origins that one grant may list.
const MOST: usize = 1_000;

impl App {
    /// What the operator granted. Approving a release that asks for customers' own addresses grants any
    /// that is public, until the operator says otherwise.
    pub async fn customer_origins(&self, connector: &str) -> Result<CustomerOrigins, Fault> {
        let granted = match self.store.customer_origins(connector).await? {
            None => CustomerOrigins::AnyPublic,
            Some(json) => serde_json::from_str(&json)
                .map_err(|error| Fault::new(Code::Internal).operator(format_args!("grant of {connector}: {error}")))?,
        };
        // A grant that is older than the ceiling holds within it.
        Ok(self.settings.connectors.ceiling.origins(granted))
    }

    /// The same for one piece of work: nothing for a connector that asks for nothing.
    pub(crate) async fn origins_for(&self, manifest: &Manifest) -> Result<CustomerOrigins, Fault> {
        if !manifest.asks_customer_origins() {
            return Ok(CustomerOrigins::None);
        }
        self.customer_origins(&manifest.id).await
    }

    /// Whether the release in use asks for any: else it reaches none, whatever is granted.
    pub async fn asks_customer_origins(&self, connector: &str) -> Result<bool, Fault> {
        match self.store.active_release_id(connector).await? {
            Some(id) => Ok(self.release_facts(&id).await?.manifest.asks_customer_origins()),
            None => Ok(false),
        }
    }

    /// Grants addresses; connections to others are refused from their next piece of work on.
    pub async fn grant_customer_origins(
        &self,
        connector: &str,
        origins: CustomerOrigins,
        actor: &str,
    ) -> Result<(), Fault> {
        self.active_release(connector).await?;
        self.check_origins_ceiling(&origins)?;
        if let CustomerOrigins::Listed(listed) = &origins {
            if listed.len() > MOST {
                let message = format!("may list {MOST} at most");
                return Err(Fault::new(Code::BodyInvalid).field("/customer_origins/listed", message));
            }
            for (index, origin) in listed.iter().enumerate() {
                let same = Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin);
                // A sign that stands for others would stand for nothing here: `https://*.example.com`.
                let plain = |rest: &str| rest.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
                if !same || !origin.strip_prefix("https://").is_some_and(plain) {
                    let message = "must be scheme, host and port in lower case, e.g. https://erp.example.com";
                    let pointer = format!("/customer_origins/listed/{index}");
                    return Err(Fault::new(Code::BodyInvalid).field(pointer, message));
                }
            }
        }
        let json = serde_json::to_string(&origins).map_err(|error| Fault::new(Code::Internal).operator(error))?;
        Ok(self.store.set_customer_origins(connector, &json, actor).await?)
    }

    /// Refuses a login to an address of the customer's own that is not granted.
    pub(crate) async fn check_origins(
        &self,
        connector: &str,
        auth: &Auth,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let asked: Vec<_> = auth
            .fields
            .iter()
            .filter(|field| field.kind == FieldKind::Origin)
            .filter_map(|field| facts.get(&field.id).map(|origin| (&field.id, origin)))
            .collect();
        if asked.is_empty() {
            return Ok(());
        }
        let granted = self.customer_origins(connector).await?;
        match asked.into_iter().find(|(_, origin)| !granted.allows(origin)) {
            None => Ok(()),
            Some((field, _)) => Err(Fault::new(Code::OriginRefused)
                .field(format!("/fields/{field}"), "is not allowed by the operator of this host")),
        }
    }
}
