//! A connector without its pace. How often a provider may be asked in a second or a minute is measured by the clock on the wall,
//! which no test moves: whoever reads everything several times would wait for it. That a pace is kept is tested where it is
//! made (`host/egress`).

use patchbay_it::Variant;
use patchbay_test_support::Result;

use crate::Scene;

/// A connector of this tree as it is, but that it may ask at once what it may ask in a minute. What may be asked at the same
/// time stays.
///
/// # Errors
///
/// It was not built.
pub fn packed_at_once(connector: &str) -> Result<Vec<u8>> {
    let mut variant = Variant::of_connector(connector, "0.1.0")?;
    let rates = &mut variant.manifest.rates;
    rates.iter_mut().for_each(|rate| (rate.per_second, rate.per_minute) = (None, None));
    // One that says nothing any more is refused.
    rates.retain(|rate| rate.concurrency.is_some() || rate.alone || rate.remaining_header.is_some());
    variant.pack()
}

/// Installs it so: [`Case::install`](crate::Case::install).
///
/// # Errors
///
/// As [`packed_at_once`]; or the host refuses it.
pub fn at_once(scene: &Scene<'_>) -> Result<()> {
    scene.rig.install(packed_at_once(scene.case.connector)?).map(drop)
}
