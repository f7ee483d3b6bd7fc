//! Providers that are started because somebody names them: one module each, and one line in [`all`].
//!
//! The fakes that every test has beside it stand in [`Fakes`](crate::Fakes) by name. Connectors are many more, and a test
//! of one needs its provider only:
//!
//! ```no_run
//! use patchbay_fakes::{Fakes, FakesConfig, also};
//!
//! let config = FakesConfig { also: also::all(), ..FakesConfig::small() };
//! let fakes = Fakes::start(config)?;
//! println!("{}", fakes.describe());
//! # Ok::<(), patchbay_fakes::FakesError>(())
//! ```

use std::{any::Any, io, path::Path, sync::Arc};

use patchbay_model::Clock;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{Rewrite, Stand, exchange::Port, fake::Provider, fakes};

/// What a provider says of itself, besides what it answers.
pub(crate) trait Sheet: Provider + Sized {
    /// The name of its connector's folder.
    const NAME: &'static str;

    /// With the data that every test begins with; `seed` makes names, ids and secrets.
    fn open(seed: u64, clock: Arc<dyn Clock>) -> Self;

    /// Every origin that the real one answers at; the first is [`Provider::origin`].
    fn origins(&self) -> Vec<String>;

    /// Logins, keys and clients, for people who try the connector by hand.
    fn describe(&self) -> Value;
}

/// A provider that is to be started with the others.
#[derive(Clone, Copy)]
pub struct Also {
    name: &'static str,
    start: fn(&Setting<'_>) -> io::Result<Started>,
}

/// What a provider is started with.
pub(crate) struct Setting<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) seed: u64,
    pub(crate) folder: &'a Path,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

/// A provider that runs.
pub(crate) struct Started {
    pub(crate) name: &'static str,
    /// Its `Stand<P>`.
    pub(crate) stand: Box<dyn Any + Send + Sync>,
    pub(crate) rewrites: Vec<Rewrite>,
    pub(crate) description: Value,
}

impl Also {
    /// The provider of this sheet.
    pub(crate) fn of<P: Sheet>() -> Self {
        Self { name: P::NAME, start: start::<P> }
    }

    /// The name of its connector's folder.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn start(&self, setting: &Setting<'_>) -> io::Result<Started> {
        (self.start)(setting)
    }
}

/// Every provider that can be started so, in the order of their names.
#[must_use]
pub fn all() -> Vec<Also> {
    vec![
        Also::of::<crate::adminpulse::Adminpulse>(),
        Also::of::<crate::brokercloud::Brokercloud>(),
        Also::of::<crate::fid_manager::FidManager>(),
        Also::of::<crate::anyapi::AnyApi>(),
        Also::of::<crate::google_workspace::GoogleWorkspace>(),
        Also::of::<crate::hubspot::Hubspot>(),
        Also::of::<crate::meta_ads::MetaAds>(),
        Also::of::<crate::odoo::Odoo>(),
        Also::of::<crate::quickbooks_online::QuickbooksOnline>(),
        Also::of::<crate::sare::Sare>(),
        Also::of::<crate::slack::Slack>(),
        Also::of::<crate::xero::Xero>(),
        Also::of::<crate::zoho::Zoho>(),
    ]
}

fn start<P: Sheet>(setting: &Setting<'_>) -> io::Result<Started> {
    let provider = Arc::new(P::open(setting.seed, Arc::clone(setting.clock)));
    let (stand, fake) = fakes::open(P::NAME, Arc::clone(&provider), setting.folder, setting.clock)?;
    let both = Port { api: true, plain: true };
    let plain = format!("http://{}", fakes::spawn(setting.runtime, None, fake, both)?);
    let rewrite = |origin: String| Rewrite { origin, connect: plain.clone(), browser: Some(plain.clone()) };
    let rewrites: Vec<Rewrite> = provider.origins().into_iter().map(rewrite).collect();
    let first = rewrites.first().cloned().unwrap_or(stand.rewrite);
    let description = json!({ "plain": plain, "journal": stand.journal.path(), "provider": provider.describe() });
    let stand = Stand { plain: plain.clone(), rewrite: first, ..stand };
    Ok(Started { name: P::NAME, stand: Box::new(stand), rewrites, description })
}
