//! Connectors out of registries, and into them.
//!
//! A registry is somebody else's computer. **What it says is a claim, and each claim is checked before the next
//! question**: the tag names a digest, which is computed here from the manifest's bytes; the manifest names one layer by
//! digest and size, which are compared while and after it is read; the layer is then an offer like any other, judged by
//! its signature and by what it asks ([`App::install`]). What is written down is the digest, so a tag that moves
//! tomorrow changes nothing today.
//!
//! Every request goes through the gate: addresses are judged, answers are bounded, nothing is followed. A registry may
//! send us elsewhere for a token or for the bytes; where, is the operator's list ([`Registries`]), and a credential goes
//! only to the registry that it is of, or to the token address of that registry on that list. `oci-client` brings the
//! types of the format; its own HTTP client follows redirects and reads without a bound, so it asks nobody
//! (`decisions/20261122-registries-are-asked-through-the-gate.md`).

mod artifact;
mod challenge;
mod places;
mod pull;
mod push;
mod reference;
mod wire;

use std::sync::Arc;

use patchbay_model::Fault;

pub use artifact::Kind;
pub use places::{Place, Registries, RegistryLogin};
pub(crate) use pull::{Pulled, fetch_address, pull};
pub use push::{Publication, Published, publish};
pub use reference::Reference;
pub(crate) use wire::authority;

use crate::{
    App,
    connectors::{Approval, Installed, Offer, Source},
};

impl App {
    /// Installs what a reference stands for now, pinned to its digest.
    pub async fn install_from_registry(
        self: &Arc<Self>,
        reference: &str,
        approval: Approval,
    ) -> Result<Installed, Fault> {
        let (app, reference) = (Arc::clone(self), Reference::parse(reference)?);
        self.own(async move {
            let pulled = pull(&app.gate, &app.settings.registries, &reference, app.settings.component_bytes).await?;
            let Pulled { bytes, signature, digest } = pulled;
            let source = Source::Registry { reference: reference.to_string(), digest };
            app.install(Offer { bytes, signature, source }, approval).await
        })
        .await
    }
}
