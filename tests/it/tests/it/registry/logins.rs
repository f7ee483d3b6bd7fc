use patchbay_test_support::{
    Result,
    fakes::registry::{Answers, Asked},
};

use super::{Author, fetch, reference};

const PASSWORD: &str = "the-password-of-the-registry-4711";

/// What was asked with which proof.
fn proofs(asked: &[Asked], path: &str) -> Vec<Option<String>> {
    asked.iter().filter(|asked| asked.target.starts_with(path)).map(|asked| asked.authorized.clone()).collect()
}

#[test]
fn a_password_goes_to_the_token_address_of_its_registry_and_nowhere_else() -> Result<()> {
    let author = Author::start()?;
    author.publish(&author.pack("0.1.0")?, "0.1.0")?;
    author.registry.ask_for("robot", PASSWORD);
    std::fs::write(author.folder().join("password"), format!("{PASSWORD}\n"))?;

    let stranger = author.host("")?;
    let answer = fetch(&stranger, &reference("0.1.0"), &author.key)?;
    assert!(answer.text().contains("registries.login"), "{}", answer.text());
    drop(stranger);

    let login = format!(
        "also = [\"files.example\"]\n[[registries.login]]\nregistry = \"registry.example\"\nuser = \"robot\"\npassword_file = \"{}\"\n",
        author.folder().join("password").display()
    );
    let rig = author.host(&login)?;
    author.registry.forget();
    author.registry.answer(Answers::TokensElsewhere);
    let answer = fetch(&rig, &reference("0.1.0"), &author.key)?;
    assert_eq!(answer.text_at("/code")?, "PB1031", "{}", answer.text());
    assert!(answer.text().contains("tokens.evil.example"), "{}", answer.text());
    assert!(author.registry.asked().iter().all(|asked| asked.authorized.is_none()));

    author.registry.answer(Answers::EndlessToken);
    let answer = fetch(&rig, &reference("0.1.0"), &author.key)?;
    assert_eq!(answer.text_at("/code")?, "PB1033", "{}", answer.text());

    author.registry.forget();
    author.registry.answer(Answers::FilesAsk);
    let answer = fetch(&rig, &reference("0.1.0"), &author.key)?;
    assert_eq!(answer.text_at("/code")?, "PB1032", "{}", answer.text());
    let there =
        |asked: &[Asked]| asked.iter().filter(|asked| asked.host == "files.example").cloned().collect::<Vec<_>>();
    let gone = there(&author.registry.asked());
    assert!(!gone.is_empty() && gone.iter().all(|asked| asked.authorized.is_none()), "{gone:?}");

    author.registry.forget();
    author.registry.answer(Answers::RedirectToFiles);
    fetch(&rig, &reference("0.1.0"), &author.key)?.expect(201)?;
    let asked = author.registry.asked();
    assert_eq!(proofs(&asked, "/token"), [Some("Basic".to_owned())]);
    let bearer = |path: &str| proofs(&asked, path).contains(&Some("Bearer".to_owned()));
    assert!(bearer("/v2/patchbay/guests/manifests/") && bearer("/v2/patchbay/guests/blobs/"), "{asked:?}");
    assert_eq!(proofs(&there(&asked), "/v2/"), [None], "where the bytes lie nobody learns who fetched them");

    let log = std::fs::read_to_string(rig.host.log_path())?;
    assert!(!log.contains(PASSWORD) && !log.contains("token-of-the-fake-registry"));
    Ok(())
}
