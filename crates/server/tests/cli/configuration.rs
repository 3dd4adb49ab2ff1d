//! Configuration files, and tokens.

use crate::client;
use crate::sockeye::{Sockeye, fresh_file, run};
use std::path::PathBuf;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/sockeye.toml");

fn file(name: &str, text: &str) -> PathBuf {
    let file = fresh_file(name);
    std::fs::write(&file, text).expect("a file of ours");
    file
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[test]
fn the_example_is_good() {
    let (code, said, errors) = run(&["check-config", EXAMPLE]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    for line in [
        "sockeye.toml is good.",
        "listens on 127.0.0.1:8000 (http and ws), with a worker per processor",
        "messages: up to 1.0 MiB, compression: off",
        "shutting down: 0s of /readyz at 503, then clients have 10s to leave",
        "clients without a token: let in",
        "tokens: signed with HS256",
        "HTTP API: off",
        "sessions outlive their connections by 30s",
        "  1. chat:*",
        "     subscribe: everybody, publish: users, presence: everybody, history: everybody",
        "     presence with joins and leaves; 100 publications for 1h; state: none; slow: replay; up to 16384 bytes, 10 per 1s",
        "  2. quotes:*",
        "     payloads: application/json",
        "  3. inbox:{user}",
        "  4. *",
        "     no presence; no history; state: none; slow: replay; up to 65536 bytes, at any rate",
    ] {
        assert!(said.contains(&format!("{line}\n")), "{line} is missing in\n{said}");
    }
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with("warning: ")).collect();
    let [only] = warnings.as_slice() else { panic!("{said}") };
    assert!(only.contains("INSECURE: the secret"), "{said}");
}

#[test]
fn a_wrong_file_ends_with_code_1_and_names_the_line() {
    let wrong = file("wrong.toml", "[[namespace]]\npattern = \"*\"\nhistory_size = \"many\"\n");
    let expected = format!(
        "error: {}:3:16: history_size is \"many\": expected a number from 0 to 100000\n",
        wrong.display(),
    );
    for arguments in [
        &["check-config", text(&wrong)][..],
        &["serve", "--config", text(&wrong)],
        &["--config", text(&wrong)],
    ] {
        let (code, said, errors) = run(arguments);
        assert_eq!((code, said.as_str(), errors.as_str()), (Some(1), "", expected.as_str()));
    }
    let (code, _, errors) = run(&["check-config", "/nowhere/sockeye.toml"]);
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("error: /nowhere/sockeye.toml: cannot be read: "), "{errors}");
}

#[test]
fn what_no_server_would_start_with_is_not_good() {
    let certificate = file(
        "no-certificate.toml",
        "[server]\ntls_cert = \"absent.pem\"\ntls_key = \"absent.key\"\n",
    );
    let level = file("no-compression.toml", "[server]\ndeflate_level = 3\n");
    for (file, expected) in [(certificate, "absent.pem"), (level, "add --deflate shared")] {
        let (code, said, errors) = run(&["check-config", text(&file)]);
        assert_eq!((code, said.as_str()), (Some(1), ""), "{errors}");
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn a_configuration_opens_the_playground_or_it_is_closed() {
    let paths = ["/try", "/echo", "/topic/news"];
    let server = Sockeye::start_with(&["--config", EXAMPLE]);
    for path in paths {
        let (status, _, body) = client::get(server.address, "GET", path);
        assert_eq!(status, 404, "{path}");
        assert!(body.contains("with playground = true in the configuration"), "{body}");
    }
    assert!(!server.said().contains("/echo"), "{}", server.said());
    let open = file("playground.toml", "[server]\nplayground = true\n");
    let server = Sockeye::start_with(&["--config", text(&open)]);
    let statuses = paths.map(|path| client::get(server.address, "GET", path).0);
    assert_eq!(statuses, [200, 426, 426]);
    let (_, said, _) = run(&["check-config", text(&open)]);
    assert!(
        said.contains("playground: /try, /echo and /topic/NAME are open to everybody\n"),
        "{said}"
    );
}

#[test]
fn files_that_are_named_are_beside_the_configuration() {
    let schema = file("schema.json", r#"{"type": "object"}"#);
    let name = schema.file_name().and_then(|name| name.to_str()).expect("a name of ours");
    let good =
        file("schema.toml", &format!("[[namespace]]\npattern = \"*\"\nschema_file = \"{name}\"\n"));
    let (code, said, errors) = run(&["check-config", text(&good)]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(said.contains("     payloads: a JSON Schema\n"), "{said}");
    assert!(said.contains("warning: nobody can connect"), "{said}");
    std::fs::write(&schema, r#"{"type": "nubmer"}"#).expect("a file of ours");
    let (code, _, errors) = run(&["check-config", text(&good)]);
    assert_eq!(code, Some(1));
    assert!(errors.contains(":3:15: schema_file is ") && errors.contains("/type"), "{errors}");
}

#[test]
fn a_server_takes_its_file_and_says_when_it_is_insecure() {
    let good =
        file("serve.toml", "[server]\nbind = \"127.0.0.1:1\"\n[[namespace]]\npattern = \"*\"\n");
    let with_file = Sockeye::start_with(&["--config", text(&good)]);
    with_file.wait_until_said("nobody can connect");
    with_file.wait_until_said("Ctrl-C ends it.");
    assert_ne!(with_file.address.port(), 1, "the flag wins");
    let said = with_file.said();
    assert!(!said.contains("INSECURE") && !said.contains("sockeye token"), "{said}");
    let with_secret = Sockeye::start_with(&["--config", EXAMPLE]);
    with_secret.wait_until_said("sockeye token --config ");
    let without = Sockeye::start();
    without.wait_until_said("\nINSECURE: everybody may do anything here.");
    without.wait_until_said("WARN");
}

#[test]
fn a_token_is_all_that_is_printed() {
    let arguments =
        ["--user", "ada", "--allow", "chat:*=subscribe,publish", "--info", r#"{"name":"Ada"}"#];
    let (code, said, errors) =
        run(&[&["token", "--config", EXAMPLE, "--expires", "1h"][..], &arguments].concat());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let token = said.strip_suffix('\n').expect("a line");
    assert!(said.lines().count() == 1 && token.split('.').count() == 3, "{said}");
    let claims = claims(token);
    assert_eq!(claims["sub"], "ada");
    assert_eq!(claims["info"]["name"], "Ada");
    assert_eq!(claims["channels"][0]["pattern"], "chat:*");
    assert_eq!(claims["channels"][0]["allow"], serde_json::json!(["subscribe", "publish"]));
    assert!(claims["exp"].is_u64() && claims["iss"].is_null(), "{claims}");
}

#[test]
fn a_token_needs_a_key_that_can_sign() {
    let (code, _, errors) = run(&["token", "--user", "ada"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("--config") && errors.contains("--key-file"), "{errors}");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key pair");
    let (private, public) =
        (file("key.pem", &pair.serialize_pem()), file("public.pem", &pair.public_key_pem()));
    let (code, said, errors) = run(&["token", "--key-file", text(&private), "--issuer", "shop"]);
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(claims(said.trim_end())["iss"], "shop");
    for (arguments, expected) in [
        (["--key-file", text(&public)], "expected a private key"),
        (["--key-file", "/nowhere/key.pem"], "/nowhere/key.pem: cannot be read"),
        (["--secret", "short"], "expected a secret of 32 bytes or more"),
    ] {
        let (code, said, errors) = run(&[&["token"][..], &arguments].concat());
        assert_eq!((code, said.as_str()), (Some(1), ""));
        assert!(errors.contains(expected), "{errors}");
    }
    let keyless = file("keyless.toml", "[auth]\nanonymous = true\n");
    let (code, _, errors) = run(&["token", "--config", text(&keyless)]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("sign with --key-file FILE"), "{errors}");
}

/// What a token says.
fn claims(token: &str) -> serde_json::Value {
    use base64::Engine;
    let part = token.split('.').nth(1).expect("a token has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("claims are JSON")
}
