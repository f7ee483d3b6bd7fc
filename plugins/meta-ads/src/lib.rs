//! Meta Ads: advertising on Facebook and Instagram. Campaigns, ad sets, ads, creatives and daily figures are read for each of the
//! ad accounts that a login reaches. Nothing is written.
//!
//! | file | what |
//! |---|---|
//! | `connector.toml` | what it is and asks for |
//! | `auth.rs` | whose login it is, and which ad accounts it reaches |
//! | `fetch.rs` | the streams |
//! | `objects.rs` | campaigns, ad sets, ads and creatives: lists by change |
//! | `insights.rs` | the daily figures: for each day a report that is prepared first |
//! | `pass.rs` | which days a pass reads, and where in it reading stands |
//! | `report.rs` | one such report: asked for, looked at, read |
//! | `usage.rs` | the headers that say how much an account may still ask |
//! | `day.rs` | days of a calendar |
//! | `wire.rs` | what every request needs, lists, and what the provider's codes mean |
//! | `assumed.rs` | paths, names and limits that no document says for certain |

mod assumed;
mod auth;
mod day;
mod fetch;
mod insights;
mod objects;
mod pass;
mod report;
mod usage;
mod wire;

use patchbay_sdk::{Auth, Context, Fetch, Identity, Page, ReadRequest, Result};

/// The connector.
#[derive(Debug)]
pub struct MetaAds;

impl Auth for MetaAds {
    fn identify(ctx: &Context) -> Result<Identity> {
        auth::identify(ctx)
    }
}

impl Fetch for MetaAds {
    fn read(ctx: &Context, request: &ReadRequest) -> Result<Page> {
        fetch::read(ctx, request)
    }
}

patchbay_sdk::connector!(MetaAds: auth, fetch);
