//! The data centres. The manifest's table says the same for the gate; a connector is told only which entry it is.

use patchbay_sdk::{Context, Error, Result};

/// The id of a region, and what the names of its hosts end with.
const PLACES: [(&str, &str); 10] = [
    ("us", "com"),
    ("eu", "eu"),
    ("in", "in"),
    ("au", "com.au"),
    ("jp", "jp"),
    ("cn", "com.cn"),
    ("ca", "ca"),
    ("sa", "sa"),
    ("uk", "uk"),
    ("ae", "ae"),
];

/// What the hosts of this connection's data centre end with.
///
/// # Errors
/// `auth-required` when the data centre is not known, or the tokens are for another one than the callback said: nothing is
/// sent to a host that only one of them names.
pub(crate) fn tld(ctx: &Context) -> Result<&'static str> {
    let region = ctx.fact("region")?;
    let Some((_, tld)) = PLACES.iter().find(|(id, _)| *id == region) else {
        return Err(Error::auth_required("This data centre of Zoho is not known here. Reconnect.")
            .detail("the fact `region` is none of the manifest's"));
    };
    // Newer accounts say `www.zohoapis.TLD`, older ones `api.zoho.TLD`; a sandbox has a host of its own.
    let Ok(told) = ctx.fact("api_domain") else { return Ok(tld) };
    if told == format!("https://www.zohoapis.{tld}") || told == format!("https://api.zoho.{tld}") {
        return Ok(tld);
    }
    if told.starts_with("https://sandbox.") {
        return Err(Error::auth_required(
            "This is a sandbox of Zoho CRM, which cannot be connected. Reconnect, and choose your organisation itself.",
        ));
    }
    Err(Error::auth_required("Zoho says two data centres for this account. Reconnect.")
        .detail(format!("the callback says {region}, and the tokens are for another host")))
}
