//! The three traits that a connector implements, and the macro that exports them.

use crate::{
    Choices, Context, Error, Identity, Item, Object, Outcome, Page, PickRequest, ReadRequest, Result, StreamInfo,
};

/// Whose business account it is. Every connector implements it.
///
/// Logging in is the host's, from the manifest; this is asked when the credential is there.
pub trait Auth {
    /// Asks the provider who the credential belongs to and which accounts it reaches.
    ///
    /// # Errors
    /// Whatever the provider says; `auth-required` when it does not accept the credential.
    fn identify(ctx: &Context) -> Result<Identity>;
}

/// Reading. Only requests of the effects `Read` and `Repeatable`.
pub trait Fetch {
    /// Which streams this connection has. As it stands: those of the manifest.
    ///
    /// # Errors
    /// Whatever the provider says.
    fn discover(ctx: &Context) -> Result<Vec<StreamInfo>> {
        let _ = ctx;
        Ok(Vec::new())
    }

    /// Reads one page of a stream and says where to go on.
    ///
    /// # Errors
    /// Nothing of the page is kept then, and the cursor stays. `unsupported` for a stream that is not there.
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page>;

    /// Answers a picker of the kind `search`. As it stands: there is none.
    ///
    /// # Errors
    /// Whatever the provider says; `unsupported` for a picker that is not there.
    fn pick(ctx: &Context, request: &PickRequest) -> Result<Choices> {
        let _ = ctx;
        Err(Error::unsupported(format!("This connector has no picker `{}`.", request.picker)))
    }
}

/// Writing one item.
pub trait Push {
    /// Writes the item; each request that must not happen twice has the effect `Write` and a step of its own.
    ///
    /// A later attempt runs the same code: the host replays the answers of the steps that were answered. So write it
    /// straight down, without asking whether a step was done.
    ///
    /// # Errors
    /// `invalid-input` for an item that can never be written; `outcome-unknown` when a write may have happened.
    fn push(ctx: &Context, item: &Item) -> Result<Outcome>;

    /// Looks for what the step of this item wrote, after its answer was lost. `sent_ms`: the moment at which it may have
    /// left, milliseconds since 1970. `None` says that it is surely not there. As it stands: this cannot be told.
    ///
    /// # Errors
    /// Whenever it cannot be told.
    fn find(ctx: &Context, item: &Item, step: &str, sent_ms: u64) -> Result<Option<Object>> {
        let _ = (ctx, item, step, sent_ms);
        Err(Error::unsupported("This connector cannot look for what it wrote."))
    }
}

/// Exports a connector. Once in a crate, at its root.
///
/// | form | exports | for |
/// |---|---|---|
/// | `connector!(Acme)` | `auth`, `fetch`, `push` | a connector that reads and writes |
/// | `connector!(Acme: auth, fetch)` | `auth`, `fetch` | one that reads |
/// | `connector!(Acme: auth, push)` | `auth`, `push` | one that writes |
///
/// On a native target it only checks that the traits are implemented.
#[macro_export]
macro_rules! connector {
    ($connector:ty) => {
        $crate::connector!($connector: auth, fetch, push);
    };
    ($connector:ty: auth, fetch, push $(,)?) => {
        const _: () = {
            const fn implements<T: $crate::Auth + $crate::Fetch + $crate::Push>() {}
            implements::<$connector>();
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Exported<$connector>;
            $crate::__private::auth::export_auth!(Exported with_types_in $crate::__private::auth);
            $crate::__private::fetch::export_fetch!(Exported with_types_in $crate::__private::fetch);
            $crate::__private::push::export_push!(Exported with_types_in $crate::__private::push);
        };
    };
    ($connector:ty: auth, fetch $(,)?) => {
        const _: () = {
            const fn implements<T: $crate::Auth + $crate::Fetch>() {}
            implements::<$connector>();
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Exported<$connector>;
            $crate::__private::auth::export_auth!(Exported with_types_in $crate::__private::auth);
            $crate::__private::fetch::export_fetch!(Exported with_types_in $crate::__private::fetch);
        };
    };
    ($connector:ty: auth, push $(,)?) => {
        const _: () = {
            const fn implements<T: $crate::Auth + $crate::Push>() {}
            implements::<$connector>();
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Exported<$connector>;
            $crate::__private::auth::export_auth!(Exported with_types_in $crate::__private::auth);
            $crate::__private::push::export_push!(Exported with_types_in $crate::__private::push);
        };
    };
}
