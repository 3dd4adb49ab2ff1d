//! Tokens, good and bad.

use super::*;
use sockeye_hub::{ChannelName, Namespace, Pattern, Permissions};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// Seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn claims() -> Claims {
    Claims { sub: Some("ada".to_owned()), exp: NOW + 3600, ..Claims::default() }
}

fn sign(claims: &Claims) -> String {
    let key = SigningKey::new(Algorithm::Hs256, SECRET).expect("a secret");
    key.sign(claims, None).expect("it signs")
}

fn secret() -> TokenKey {
    TokenKey::new(Algorithm::Hs256, SECRET).expect("a secret")
}

fn with(keys: Vec<TokenKey>) -> Authentication {
    Authentication::new(keys, Anonymous::Refused)
}

fn refusal(authentication: &Authentication, token: &str) -> String {
    let refusal = authentication.authenticate(Some(token), NOW * 1000).expect_err("it is not good");
    assert_eq!(refusal.code, RefusalCode::Unauthorized);
    refusal.text.into_owned()
}

/// A token of any header and claims, signed with the secret.
fn sign_raw(header: &str, claims: &str) -> String {
    use base64::Engine;
    let encode = |text: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let message = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    let tag = ring::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(tag.as_ref()))
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn identity(claims: &str) -> Result<Identity, Refusal> {
    with(vec![secret()]).authenticate(Some(&sign_raw(HS256, claims)), NOW * 1000)
}

#[test]
fn a_token_says_who_and_what() {
    let claims = format!(
        r#"{{"sub":"ada","exp":{},"info":{{"name": "Ada"}},"other":1,
        "channels":[{{"pattern":"chat:*","allow":["subscribe","history"]}}]}}"#,
        NOW + 60,
    );
    let identity = identity(&claims).expect("it is good");
    assert_eq!(identity.user.as_ref().map(|user| user.as_str()), Some("ada"));
    assert!(identity.has_token && !identity.is_unrestricted);
    assert_eq!(identity.info.as_deref(), Some(r#"{"name": "Ada"}"#), "as it was written");
    assert_eq!(identity.expires_ms, Some((NOW + 60 + 5) * 1000));
    let namespace = Namespace::new(Pattern::new("*").expect("a pattern"));
    let chat = ChannelName::new("chat:a").expect("a name");
    assert!(identity.may(Permissions::SUBSCRIBE, &chat, &namespace));
    assert!(identity.may(Permissions::HISTORY, &chat, &namespace));
    assert!(!identity.may(Permissions::PUBLISH, &chat, &namespace));
    let news = ChannelName::new("news").expect("a name");
    assert!(!identity.may(Permissions::SUBSCRIBE, &news, &namespace));
}

#[test]
fn a_token_is_good_from_and_until() {
    let at = |seconds: u64| {
        let claims = format!(r#"{{"nbf":{NOW},"exp":{}.5}}"#, NOW + 60);
        with(vec![secret()]).authenticate(Some(&sign_raw(HS256, &claims)), seconds * 1000)
    };
    assert!(at(NOW - 6).is_err_and(|refusal| refusal.text.contains("not good yet")));
    assert!(at(NOW - 5).is_ok() && at(NOW + 65).is_ok(), "clocks differ");
    assert!(at(NOW + 66).is_err_and(|refusal| refusal.text.contains("has expired")));
}

#[test]
fn a_token_ends_unless_its_key_says_otherwise() {
    let forever = sign_raw(HS256, "{}");
    assert!(refusal(&with(vec![secret()]), &forever).contains("(exp)"));
    let authentication = with(vec![secret().with_expiry_required(false)]);
    let identity = authentication.authenticate(Some(&forever), u64::MAX).expect("it has no end");
    assert_eq!((identity.expires_ms, identity.user), (None, None));
    assert!(identity.has_token);
}

#[test]
fn what_a_token_cannot_say_is_refused() {
    for (claims, expected) in [
        (r#""sub":"a b""#, "expected a user's name"),
        (r#""sub":7"#, "invalid type: integer `7`"),
        (r#""channels":[{"pattern":"a*b","allow":[]}]"#, "expected a pattern"),
        (r#""channels":[{"pattern":"a","allow":["read"]}]"#, "\"read\" is no permission"),
        (r#""channels":[{"pattern":"a","alow":[]}]"#, "unknown field `alow`"),
        (r#""channels":"all""#, "expected a sequence"),
    ] {
        let claims = format!(r#"{{"exp":{},{claims}}}"#, NOW + 60);
        let refusal = identity(&claims).expect_err("it says what cannot be");
        assert!(refusal.text.contains(expected), "{claims}: {refusal}");
    }
    let many = vec![r#"{"pattern":"a","allow":[]}"#; 257].join(",");
    let refusal = identity(&format!(r#"{{"exp":{},"channels":[{many}]}}"#, NOW + 60));
    assert!(refusal.is_err_and(|refusal| refusal.text.contains("at most 256")));
    let info = format!(r#"{{"exp":{},"info":"{}"}}"#, NOW + 60, "x".repeat(4095));
    assert!(identity(&info).is_err_and(|refusal| refusal.text.contains("4096 bytes")));
}

#[test]
fn a_changed_token_is_not_good() {
    let authentication = with(vec![secret()]);
    let token = sign(&claims());
    assert!(authentication.authenticate(Some(&token), NOW * 1000).is_ok());
    let (rest, signature) = token.rsplit_once('.').expect("it has three parts");
    for wrong in [
        format!("{rest}.{}", signature.to_ascii_uppercase()),
        format!("{rest}."),
        rest.to_owned(),
        token.replace('.', ".."),
        String::new(),
        "ß.ß.ß".to_owned(),
        "x".repeat(16 * 1024 + 1),
    ] {
        let text = refusal(&authentication, &wrong);
        assert!(text.contains("expected"), "{wrong}: {text}");
    }
}

#[test]
fn an_algorithm_is_that_of_the_key_and_not_what_a_token_says() {
    let authentication = with(vec![secret()]);
    let claims = format!(r#"{{"exp":{}}}"#, NOW + 60);
    for header in
        [r#"{"alg":"none"}"#, r#"{"alg":"None"}"#, r#"{"alg":"HS512"}"#, r#"{"alg":"RS256"}"#, "{}"]
    {
        let token = sign_raw(header, &claims);
        refusal(&authentication, &token);
        let unsigned = token.rsplit_once('.').map(|(rest, _)| format!("{rest}."));
        refusal(&authentication, &unsigned.expect("it has three parts"));
    }
    // RFC 7515 4.1.11: who does not understand what is critical must refuse.
    let critical = r#"{"alg":"HS256","crit":["b64"],"b64":false}"#;
    refusal(&authentication, &sign_raw(critical, &claims));
}

#[test]
fn a_public_key_is_no_secret() {
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256] {
        let pair = rcgen::KeyPair::generate_for(algorithm).expect("a key pair");
        let (private, public) = (pair.serialize_pem(), pair.public_key_pem());
        let ours = match algorithm == &rcgen::PKCS_ED25519 {
            true => Algorithm::EdDsa,
            false => Algorithm::Es256,
        };
        let key = TokenKey::new(ours, public.as_bytes()).expect("a public key");
        let authentication = with(vec![key]);
        let signing = SigningKey::from_file(private.as_bytes()).expect("a private key");
        let token = signing.sign(&claims(), None).expect("it signs");
        assert!(authentication.authenticate(Some(&token), NOW * 1000).is_ok(), "{ours:?}");

        // Whoever has the public key signs with it as if it were a secret.
        let forger = SigningKey::new(Algorithm::Hs256, public.as_bytes()).expect("long enough");
        let forged = forger.sign(&claims(), None).expect("it signs");
        assert!(refusal(&authentication, &forged).contains("a key that this server has"));
        // Nor is a private key a public one, or one for another algorithm.
        assert!(TokenKey::new(ours, private.as_bytes()).is_err());
        let other = if ours == Algorithm::EdDsa { Algorithm::Es256 } else { Algorithm::EdDsa };
        assert_eq!(TokenKey::new(other, public.as_bytes()).err(), Some(KeyError::NotPublic(other)),);
    }
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key pair");
    assert!(TokenKey::new(Algorithm::Es256, p384.public_key_pem().as_bytes()).is_err());
}

#[test]
fn a_secret_is_long() {
    assert_eq!(TokenKey::new(Algorithm::Hs256, &SECRET[1..]).err(), Some(KeyError::ShortSecret));
    assert_eq!(SigningKey::from_file(b"short").err(), Some(KeyError::ShortSecret));
}

#[test]
fn the_key_is_the_one_that_is_named() {
    let other = b"fedcba9876543210fedcba9876543210";
    let key = |secret: &[u8], kid: &str| {
        let key = TokenKey::new(Algorithm::Hs256, secret).expect("a secret");
        key.with_kid(Some(kid.to_owned()))
    };
    let authentication = with(vec![key(other, "new"), key(SECRET, "old")]);
    let signing = SigningKey::new(Algorithm::Hs256, SECRET).expect("a secret");
    let token = |kid| signing.sign(&claims(), kid).expect("it signs");
    assert!(authentication.authenticate(Some(&token(Some("old"))), NOW * 1000).is_ok());
    assert!(authentication.authenticate(Some(&token(None)), NOW * 1000).is_ok(), "one will do");
    assert!(refusal(&authentication, &token(Some("new"))).contains("signature"));
    assert!(refusal(&authentication, &token(Some("newer"))).contains("a key that"));
}

#[test]
fn issuer_and_audience_are_asked_for() {
    let key = secret().with_issuer(Some("shop")).with_audience(Some("sockeye"));
    let authentication = with(vec![key]);
    let token = |iss: Option<&str>, aud: Option<&str>| {
        let (iss, aud) = (iss.map(str::to_owned), aud.map(str::to_owned));
        sign(&Claims { iss, aud, ..claims() })
    };
    let good = token(Some("shop"), Some("sockeye"));
    assert!(authentication.authenticate(Some(&good), NOW * 1000).is_ok());
    for (iss, aud, expected) in [
        (Some("pub"), Some("sockeye"), "issuer"),
        (None, Some("sockeye"), "iss"),
        (Some("shop"), Some("other"), "audience"),
        (Some("shop"), None, "aud"),
    ] {
        assert!(refusal(&authentication, &token(iss, aud)).contains(expected), "{iss:?} {aud:?}");
    }
    // RFC 7519 4.1.3: who is not named as the audience must refuse.
    let for_others = token(None, Some("other"));
    assert!(refusal(&with(vec![secret()]), &for_others).contains("audience"));
}

#[test]
fn without_a_token_it_depends() {
    let as_set = |anonymous| Authentication::new(vec![secret()], anonymous).authenticate(None, 0);
    assert!(as_set(Anonymous::Refused).is_err_and(|refusal| refusal.text == "expected a token"));
    assert_eq!(as_set(Anonymous::Welcome).ok(), Some(Identity::default()));
    assert!(as_set(Anonymous::Unrestricted).is_ok_and(|identity| identity.is_unrestricted));
    // A bad token is not as good as none.
    let welcome = Authentication::new(vec![secret()], Anonymous::Welcome);
    refusal(&welcome, "x");
    let keyless = Authentication::new(Vec::new(), Anonymous::Welcome);
    assert!(refusal(&keyless, &sign(&claims())).contains("expected no token"));
}
