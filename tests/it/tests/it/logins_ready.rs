//! Before any test over a kind of login: its connector is one that the host would take.

use std::collections::BTreeSet;

use patchbay_it::{Rig, Variant, kinds, login_manifest, oidc_kind, oidc_machine_kind};
use patchbay_test_support::{
    Result,
    fakes::{Fakes, FakesConfig},
};

#[test]
fn each_kind_of_login_has_a_manifest_without_a_mistake() -> Result<()> {
    let fakes = Fakes::start(FakesConfig::small())?;
    let all = kinds(&fakes.logins.provider);
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|kind| login_manifest(kind.name, &kind.tables).err())
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(all.iter().map(|kind| kind.name).collect::<BTreeSet<_>>().len(), all.len());
    login_manifest("oidc", &oidc_kind())?;
    login_manifest("oidc-machine", &oidc_machine_kind())?;
    Ok(())
}

#[test]
fn each_kind_of_login_is_packed_and_installed() -> Result<()> {
    let rig = Rig::start()?;
    for kind in kinds(&rig.fakes.logins.provider) {
        rig.install(Variant::of_login(kind.name, &kind.tables)?.pack()?)?;
    }
    Ok(())
}
