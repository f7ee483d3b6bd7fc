//! What no approval can exceed, asked when a release is installed, when it is approved, and where work begins.

use patchbay_model::{
    Code, CustomerOrigins, Failure, Fault,
    manifest::{Asks, Manifest},
};

use crate::App;

impl App {
    /// Refuses what goes beyond the bounds of this deployment; each line names its key.
    pub(crate) fn check_ceiling(&self, asks: &Asks) -> Result<(), Fault> {
        let exceeded = self.settings.connectors.ceiling.exceeded(asks);
        if exceeded.is_empty() {
            return Ok(());
        }
        let fault = Fault::because(Code::CeilingExceeded, format!("It {}.", exceeded.join("; it ")));
        Err(exceeded.into_iter().fold(fault, |fault, line| fault.field("", line)))
    }

    /// Refuses a grant of customers' own addresses that goes beyond them.
    pub(crate) fn check_origins_ceiling(&self, wanted: &CustomerOrigins) -> Result<(), Fault> {
        if self.settings.connectors.ceiling.origins(wanted.clone()) == *wanted {
            return Ok(());
        }
        let text =
            "More addresses of customers' own than this deployment allows (`connectors.ceiling.customer_origins`).";
        Err(Fault::because(Code::CeilingExceeded, text))
    }

    /// Refuses an item where nothing may be written, of a release that was approved before that was said.
    pub(crate) fn check_push_ceiling(&self) -> Result<(), Fault> {
        match self.settings.connectors.ceiling.push {
            true => Ok(()),
            false => Err(Fault::because(Code::CeilingExceeded, format!("{}.", Self::NO_PUSH))),
        }
    }

    /// The same of an item that was taken before.
    pub(crate) fn check_may_push(&self) -> Result<(), Failure> {
        match self.settings.connectors.ceiling.push {
            true => Ok(()),
            false => Err(Failure::ReleaseUnusable(Self::NO_PUSH.to_owned())),
        }
    }

    const NO_PUSH: &str = "Nothing may be written from here (`connectors.ceiling.push`)";

    /// Hosts that a release asks for and that may not be reached, for the requests of the host itself.
    pub(crate) fn hosts_beyond_ceiling(&self, manifest: &Manifest) -> Vec<String> {
        let allowed = &self.settings.connectors.ceiling.hosts;
        manifest.asks().hosts().into_iter().filter(|host| !allowed.allow(host)).collect()
    }
}
