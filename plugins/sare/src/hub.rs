//! Events of SAREhub.
//!
//! Reading the hub's queue takes messages out of it, and one that was taken out and not stored is lost for good. So the hub
//! is only told, never read.

use patchbay_sdk::{
    Case, Context, Error, Item, Object, Outcome, Result,
    http::{self, Credential, Effect, Response},
    run,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{assumed::Assumed, push::Target, wire};

const STEP: &str = "publish";

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    user: Map<String, Value>,
    params: Map<String, Value>,
    time: Option<u64>,
    priority: Option<u64>,
    delay: Option<u64>,
}

/// All four are needed.
#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    user: Map<String, Value>,
    time: u64,
    params: Map<String, Value>,
}

#[derive(Deserialize)]
struct State {
    state: String,
}

pub(crate) fn tell(ctx: &Context, item: &Item) -> Result<Outcome> {
    let assumed = Assumed::of(ctx)?;
    if ctx.fact("hub_module").is_err() {
        return Err(Error::invalid_config(
            "This connection has no module of SAREhub. Reconnect it, and enter the name and the secret of a module.",
        ));
    }
    let (target, told): (Target, Told) = (item.target()?, item.payload()?);
    let base = wire::below(&assumed.hub_origin, &assumed.hub_path)?;
    // The hub takes no key twice and shows nothing: what we call the event goes with it for whoever looks.
    let id = run::step_key(STEP);
    let event = Event {
        kind: told.kind,
        user: told.user,
        time: told.time.unwrap_or_else(|| run::now_ms() / 1_000),
        params: told.params,
    };
    let mut request = http::post(http::address(&base, &["publish", "routing", &target.id])?)
        .header("accept", "application/json")
        .header("SAREhub-correlation_id", id.as_str());
    for (name, value) in [("SAREhub-priority", told.priority), ("SAREhub-delay", told.delay)] {
        if let Some(value) = value {
            request = request.header(name, value.to_string());
        }
    }
    let request = request.json(&event).credential(Credential::Slot("hub".to_owned())).effect(Effect::Write).step(STEP);
    let answer = ok(request.send()?)?;
    let state: State = answer.json()?;
    if state.state == "success" {
        return Ok(Outcome::Created(Object::of(id)));
    }
    // Refused inside a success.
    run::step_refused(STEP);
    Err(refused(&answer))
}

/// The answer, when it is a success; else what the hub means by its status.
fn ok(response: Response) -> Result<Response> {
    if response.is_success() {
        return Ok(response);
    }
    let error = response.error();
    Err(match response.status() {
        401 => error.message("SAREhub does not accept the module or its secret. Reconnect, and enter both anew."),
        403 => error.message(
            "SAREhub does not allow this. Most likely the address of this host is not on the hub's whitelist: ask SARE to add it.",
        ),
        404 => error.message("SAREhub does not have this way. Check the routing key."),
        429 => error.message("SAREhub asks to wait."),
        500.. => error,
        _ if error.case() == Case::InvalidInput => refused(&response),
        _ => error,
    })
}

fn refused(response: &Response) -> Error {
    Error::invalid_input("SAREhub refuses this event. Check the routing key, and what is said of the person.")
        .http_status(response.status())
        .detail(format!("the hub answered {} with a state that is no success", response.status()))
}
