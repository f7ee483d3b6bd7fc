//! Installing a connector: from bytes that nobody trusts to a release that new runs use.
//!
//! `fetched → verified → compiled → probed → ready → active`, each state written before the next step
//! begins. The switch to a new release is one row; runs in flight hold the old component and finish on it.
//!
//! [`install`](App::install) is the journey; [`vouch`] says who stands for the bytes, [`judge`] what they ask beyond
//! what was approved, [`bytes`] keeps them, and [`releases`] hands them to whoever works with them, out of what is
//! [`mapped`].
//! Afterwards a connection may be [pinned](pin), a release [tried](canary) on one first, [gone back from](rollback), given up
//! by the [host](breaker) when it breaks down, and [dropped](kept) when it is old.

mod breaker;
mod bytes;
mod canary;
mod ceiling;
mod install;
mod judge;
mod kept;
mod mapped;
mod pin;
mod policy;
mod releases;
mod rollback;
mod standing;
mod vouch;

use std::path::PathBuf;

use patchbay_model::{Code, Fault};
use patchbay_store::Release as ReleaseRow;

pub use canary::{CanaryAsked, CanaryProgress};
pub(crate) use install::inspected;
pub use policy::UpgradePolicy;
pub use releases::ReleaseDetail;
pub(crate) use releases::{Release, Releases};
pub use standing::ReleaseStanding;

/// What came, and from where.
pub struct Offer {
    /// The packaged component.
    pub bytes: Vec<u8>,
    /// The detached signature, a JSON document as it came.
    pub signature: Option<Vec<u8>>,
    /// Where it came from.
    pub source: Source,
}

/// Where a component came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An operator posted it.
    Upload,
    /// It was dropped into the folder.
    Folder {
        /// As which file.
        path: PathBuf,
        /// Whether it is tried again where it was refused before, unless by this very process: that may take minutes.
        again: bool,
    },
    /// An operator named it in a registry.
    Registry {
        /// The reference as it was given, with its tag.
        reference: String,
        /// What the tag stood for: `sha256:…`.
        digest: String,
    },
    /// An index named it.
    Index {
        /// Which index.
        index: String,
        /// The reference in the index.
        reference: String,
        /// What that stands for: `sha256:…`.
        digest: String,
    },
}

impl Source {
    /// As it is written down with the release: `upload`, `folder`, or the reference with its digest.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::Upload => "upload".to_owned(),
            Self::Folder { .. } => "folder".to_owned(),
            Self::Registry { reference, digest } | Self::Index { reference, digest, .. } => pinned(reference, digest),
        }
    }
}

/// A reference whose tag, which may stand for something else tomorrow, gives way to the digest.
fn pinned(reference: &str, digest: &str) -> String {
    let bare = reference.split_once('@').map_or(reference, |(bare, _)| bare);
    // A colon before the last slash belongs to the port of the registry.
    let name = bare.rfind('/').map_or(0, |slash| slash + 1);
    let end = bare.get(name..).and_then(|last| last.find(':')).map_or(bare.len(), |colon| name + colon);
    format!("{}@{digest}", bare.get(..end).unwrap_or(bare))
}

/// Who approved what, when a release was installed or approved.
#[derive(Debug, Clone)]
pub struct Approval {
    /// Who (as in the audit log).
    pub actor: String,
    /// Whether dropping or posting the file approves what its manifest asks: true for operators.
    pub approves: bool,
    /// The fingerprint of a publisher's first key that the operator confirms with it.
    pub trust_key: Option<String>,
}

/// What came of an installation.
pub struct Installed {
    /// The release.
    pub release: ReleaseRow,
    /// Whether these bytes were installed before.
    pub known: bool,
    /// What it asks beyond what was approved, in plain words; empty once it is active.
    pub beyond: Vec<String>,
}

/// A version stands for one digest for ever.
fn version_taken(error: patchbay_store::StoreError) -> Fault {
    match error {
        patchbay_store::StoreError::Conflict(_) => Fault::new(Code::ReleaseExists)
            .operator("a version stands for its bytes: raise `version` in connector.toml, then package and sign anew"),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_written_down_with_its_digest_and_without_its_tag() {
        let digest = "sha256:ab";
        for (given, written) in [
            ("registry.example/team/books:1.2", "registry.example/team/books@sha256:ab"),
            ("registry.example:5000/books", "registry.example:5000/books@sha256:ab"),
            ("registry.example:5000/books:1@sha256:cd", "registry.example:5000/books@sha256:ab"),
            ("books:1", "books@sha256:ab"),
        ] {
            let source = Source::Registry { reference: given.to_owned(), digest: digest.to_owned() };
            assert_eq!(source.written(), written, "{given}");
        }
        assert_eq!(Source::Folder { path: PathBuf::from("x.wasm"), again: false }.written(), "folder");
    }
}
