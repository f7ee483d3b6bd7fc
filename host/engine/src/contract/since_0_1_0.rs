//! Contract 0.1: the bindings, which exports a component has, and how both sides' types become the other's.
//!
//! A component may lack `fetch` or `push`, and WIT knows no optional export, so the generated world is used
//! for linking only; each exported interface is looked up by itself.

mod lift;
mod lower;

use patchbay_model::contract::{self as model, Exports};
use wasmtime::{
    Store,
    component::{HasSelf, Instance, InstancePre, Linker},
};

use crate::state::State;

/// What `wasmtime` generates from `wit/`.
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "patchbay:connector/connector",
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

pub(crate) use bindings::patchbay::connector::{blob, http, run};
use bindings::{
    Connector,
    exports::patchbay::connector::{auth, fetch, push},
    patchbay::connector::types,
};

/// Gives a linker what the contract's guests import.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    Connector::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

/// The interface holds types only.
impl types::Host for State {}

/// Where a component's exports are; found once, before any instance.
pub(crate) struct Guests {
    auth: Option<auth::GuestIndices>,
    fetch: Option<fetch::GuestIndices>,
    push: Option<push::GuestIndices>,
}

impl Guests {
    pub(crate) fn of(pre: &InstancePre<State>) -> Self {
        // An interface that is there under its name and lacks a function counts as absent, and the
        // comparison with the manifest says so.
        Self {
            auth: auth::GuestIndices::new(pre).ok(),
            fetch: fetch::GuestIndices::new(pre).ok(),
            push: push::GuestIndices::new(pre).ok(),
        }
    }

    pub(crate) fn exports(&self) -> Exports {
        Exports { auth: self.auth.is_some(), fetch: self.fetch.is_some(), push: self.push.is_some() }
    }

    /// The exports of one instance; their types are checked here.
    pub(crate) fn load(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Call> {
        Ok(Call {
            auth: self.auth.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?,
            fetch: self.fetch.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?,
            push: self.push.as_ref().map(|indices| indices.load(&mut *store, instance)).transpose()?,
        })
    }
}

/// What a call of a guest came to: wasmtime's error when it did not come back, why the answer breaks the
/// contract, the connector's own error, or its answer.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, Wrong>>;

/// An answer that is none.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The connector said so.
    Connector(Box<model::ConnectorError>),
    /// The answer passes a bound of the contract.
    Broken(String),
    /// The component does not export the interface.
    Missing(&'static str),
}

/// One instance's exports, callable with the model's types.
pub(crate) struct Call {
    auth: Option<auth::Guest>,
    fetch: Option<fetch::Guest>,
    push: Option<push::Guest>,
}

/// The exported interface, or [`Wrong::Missing`].
macro_rules! export {
    ($call:ident . $interface:ident) => {
        match &$call.$interface {
            Some(guest) => guest,
            None => return Ok(Err(Wrong::Missing(stringify!($interface)))),
        }
    };
}

impl Call {
    pub(crate) async fn identify(&self, store: &mut Store<State>, ctx: &model::Context) -> Answer<model::Identity> {
        let auth = export!(self.auth);
        let answer = auth.call_identify(store, &lower::context(ctx)).await?;
        Ok(answer.map_err(lift::refusal).and_then(lift::identity))
    }

    pub(crate) async fn discover(
        &self,
        store: &mut Store<State>,
        ctx: &model::Context,
    ) -> Answer<Vec<model::StreamInfo>> {
        let fetch = export!(self.fetch);
        let answer = fetch.call_discover(store, &lower::context(ctx)).await?;
        Ok(answer.map_err(lift::refusal).and_then(lift::streams))
    }

    pub(crate) async fn read(
        &self,
        store: &mut Store<State>,
        ctx: &model::Context,
        request: &model::ReadRequest,
    ) -> Answer<model::Page> {
        let fetch = export!(self.fetch);
        let answer = fetch.call_read(store, &lower::context(ctx), &lower::read_request(request)).await?;
        Ok(answer.map_err(lift::refusal).and_then(lift::page))
    }

    pub(crate) async fn pick(
        &self,
        store: &mut Store<State>,
        ctx: &model::Context,
        request: &model::PickRequest,
    ) -> Answer<model::Choices> {
        let fetch = export!(self.fetch);
        let answer = fetch.call_pick(store, &lower::context(ctx), &lower::pick_request(request)).await?;
        Ok(answer.map_err(lift::refusal).and_then(lift::choices))
    }

    pub(crate) async fn push(
        &self,
        store: &mut Store<State>,
        ctx: &model::Context,
        item: &model::Item,
    ) -> Answer<model::PushOutcome> {
        let push = export!(self.push);
        let answer = push.call_push(store, &lower::context(ctx), &lower::item(item)).await?;
        Ok(answer.map_err(lift::refusal).and_then(lift::outcome))
    }

    pub(crate) async fn find(
        &self,
        store: &mut Store<State>,
        ctx: &model::Context,
        item: &model::Item,
        step: &str,
        sent_ms: u64,
    ) -> Answer<Option<model::Object>> {
        let push = export!(self.push);
        let answer = push.call_find(store, &lower::context(ctx), &lower::item(item), step, sent_ms).await?;
        Ok(answer.map_err(lift::refusal).and_then(|found| found.map(lift::object).transpose()))
    }
}
