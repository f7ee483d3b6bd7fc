//! Whose access it is: the office, by the host that was entered.

use patchbay_sdk::{Case, Context, Error, Identity, Result};
use serde::Deserialize;

use crate::wire::{self, Api};

#[derive(Deserialize)]
struct Me {
    office: Option<Office>,
}

#[derive(Deserialize)]
struct Office {
    name: Option<String>,
}

pub(crate) fn identify(ctx: &Context) -> Result<Identity> {
    let api = Api::of(ctx)?;
    let name = office(&api).map_err(at_connect)?;
    let host = api.host();
    // The office's name may change, and is written in two languages; its address is what stays.
    let name = name.unwrap_or_else(|| host.split('.').next().unwrap_or(host).to_owned());
    Ok(Identity::of(host, name).login(ctx.fact("user")?))
}

/// What the office calls itself, where FID-Manager says so.
fn office(api: &Api) -> Result<Option<String>> {
    // The smallest list: the keys are good, this is an office, and its clients may be read.
    api.list(&api.assumed.paths.clients, 1, 1, &[])?.rows(&api.assumed, 0)?;
    if api.assumed.paths.me.is_empty() {
        return Ok(None);
    }
    let answer = api.get(&api.assumed.paths.me)?.send()?;
    if answer.status() == 404 {
        return Ok(None);
    }
    let me: Me = wire::ok(answer)?.json()?;
    Ok(me.office.and_then(|office| office.name).filter(|name| !name.trim().is_empty()))
}

/// Somebody has just typed the address: nobody there is most likely a wrong one.
fn at_connect(error: Error) -> Error {
    match (error.case(), error.status()) {
        (Case::Transient, None) => {
            error.message("Nobody answers at this address. Check the base URL: the name of the office has to be exactly as in your browser.")
        }
        (Case::NotFound, _) => error.message(
            "This address is not one of FID-Manager's interface. Check the base URL: the name of the office has to be exactly as in your browser.",
        ),
        _ => error,
    }
}
