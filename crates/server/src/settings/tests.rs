//! Whole files.

use super::*;
use crate::cli::{Arguments, Command};
use sockeye_hub::{ChannelName, Permissions, Rate, SlowPolicy};

fn read(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(Source { file: Path::new("sockeye.toml"), text })
}

fn error(text: &str) -> String {
    read(text).expect_err("something is wrong with it").to_string()
}

fn one(settings: &Settings, channel: &str) -> Namespace {
    let channel = ChannelName::new(channel).expect("a name");
    settings.namespaces.of(&channel).expect("it is in one").1.clone()
}

#[test]
fn a_namespace_takes_over_all_its_settings() {
    let text = r#"
        [[namespace]]
        pattern = "chat:*"
        subscribe = "everybody"
        publish = "users"
        presence_access = "granted"
        history_access = "nobody"
        presence = true
        join_leave = true
        history_size = 50
        history_ttl = "5m"
        state = "keyed"
        state_keys_max = 7
        slow = "drop-oldest"
        publish_rate = "10/s"
        payload_max = "1KiB"
        heartbeat = "3s"
        persistence = "memory"
        content_types = ["image/*"]
    "#;
    let settings = read(text).expect("it is good");
    let namespace = one(&settings, "chat:lobby");
    assert_eq!(namespace.subscribe, Access::Everybody);
    assert_eq!(namespace.publish, Access::Users);
    assert_eq!(namespace.presence_access, Access::Granted);
    assert_eq!(namespace.history_access, Access::Nobody);
    assert!(namespace.presence && namespace.join_leave);
    let kept = (namespace.history_size, namespace.history_ttl, namespace.state_keys_max);
    assert_eq!(kept, (50, Duration::from_secs(300), 7));
    assert_eq!((namespace.state, namespace.slow), (State::Keyed, SlowPolicy::DropOldest));
    let rate = Rate { count: 10, period: Duration::from_secs(1) };
    assert_eq!(namespace.publish_rate, Some(rate));
    assert_eq!((namespace.payload_size_max, namespace.heartbeat), (1024, Duration::from_secs(3)));
}

#[test]
fn a_namespace_is_closed_unless_it_says() {
    let settings = read("[[namespace]]\npattern = \"*\"").expect("it is good");
    let namespace = one(&settings, "anything");
    let accesses = [
        namespace.subscribe,
        namespace.publish,
        namespace.presence_access,
        namespace.history_access,
    ];
    assert_eq!(accesses, [Access::Granted; 4]);
    assert!(settings.authentication.authenticate(None, 0).is_err());
    assert!(settings.api.check(None).is_err());
    assert_eq!(settings.warnings, [NOBODY]);
}

#[test]
fn development_is_open_and_says_so() {
    let settings = Settings::development();
    assert!(settings.warnings[0].starts_with("INSECURE"));
    let somebody = settings.authentication.authenticate(None, 0).expect("everybody may");
    let channel = ChannelName::new("chat").expect("a name");
    let namespace = one(&settings, "chat");
    for (_, permission) in Permissions::NAMES {
        assert!(somebody.may(permission, &channel, &namespace));
    }
    assert!(namespace.presence && namespace.join_leave && namespace.history_size == 1000);
    assert!(settings.api.check(None).is_ok());
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (text, expected) in [
        (
            "[[namespace]]\npattern = \"*\"\nhistory_size = \"many\"",
            "sockeye.toml:3:16: history_size is \"many\": expected a number from 0 to 100000",
        ),
        (
            "[[namespace]]\npattern = \"*\"\nhistory_size = 100001",
            "sockeye.toml:3:16: history_size is 100001: expected a number from 0 to 100000",
        ),
        (
            "[[namespace]]\npattern = \"*\"\nsubscribe = \"all\"",
            "sockeye.toml:3:13: subscribe is \"all\": expected \"everybody\", \"users\", \"granted\" or \"nobody\"",
        ),
        (
            "[[namespace]]\npattern = \"a*b\"",
            "sockeye.toml:2:11: pattern is \"a*b\": expected a pattern: the name of a channel",
        ),
        (
            "[[namespace]]\npattern = \"*\"\npresence = \"yes\"",
            "sockeye.toml:3:12: presence is \"yes\": expected a boolean",
        ),
        (
            "[[namespace]]\npattern = \"*\"\nhistory_ttl = \"5\"",
            "sockeye.toml:3:15: history_ttl is \"5\": expected a time from \"1s\" to \"30days\"",
        ),
        (
            "[[namespace]]\npattern = \"*\"\npersistence = \"disk\"",
            "sockeye.toml:3:15: persistence is \"disk\": expected \"memory\": nothing else exists yet",
        ),
        ("[[namespace]]\npresence = true", "sockeye.toml:1:1: missing field pattern"),
        (
            "[server]\nbind = 8000",
            "sockeye.toml:2:8: bind is 8000: expected an IP address and a port",
        ),
        ("[server]\nbnid = \"x\"", "sockeye.toml:2:1: unknown setting bnid: expected one of bind,"),
        ("[sever]", "sockeye.toml:1:2: unknown setting sever: expected one of server, auth,"),
        ("[server]\nworkers = \"2", "sockeye.toml:2:"),
        (
            "[[auth.key]]\nalgorithm = \"RS256\"",
            "sockeye.toml:2:13: algorithm is \"RS256\": expected one of HS256, EdDSA, ES256",
        ),
    ] {
        let found = error(text);
        assert!(found.starts_with(expected), "{text}\n{found}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    for (text, expected) in [
        (
            "[[namespace]]\npattern = \"chat:*\"\n[[namespace]]\npattern = \"chat:vip\"",
            "sockeye.toml:4:11: pattern is \"chat:vip\": expected it before \"chat:*\" of line 2",
        ),
        (
            "[[namespace]]\npattern = \"*\"\n[[namespace]]\npattern = \"inbox:{user}\"",
            "sockeye.toml:4:11: pattern is \"inbox:{user}\": expected it before \"*\" of line 2",
        ),
        (
            "[[namespace]]\npattern = \"*\"\njoin_leave = true",
            "sockeye.toml:3:14: join_leave is true: expected presence = true with it",
        ),
        (
            "[[namespace]]\npattern = \"*\"\npresence = true\npresence_access = \"nobody\"\njoin_leave = true",
            "sockeye.toml:5:14: join_leave is true: expected presence_access to be another one than \"nobody\"",
        ),
        (
            "[[namespace]]\npattern = \"*\"\ncontent_types = [\"image/png\", \"png\"]",
            "sockeye.toml:3:31: content_types is \"png\": expected a media type",
        ),
        (
            "[server]\ntls_cert = \"chain.pem\"",
            "sockeye.toml:2:12: tls_cert is \"chain.pem\": expected tls_key too",
        ),
        (
            "[[auth.key]]\nalgorithm = \"HS256\"",
            "sockeye.toml:2:13: algorithm is \"HS256\": expected either secret or secret_file",
        ),
        (
            "[[auth.key]]\nalgorithm = \"EdDSA\"\nsecret = \"0123456789abcdef0123456789abcdef\"",
            "sockeye.toml:2:13: algorithm is \"EdDSA\": expected public_key_file beside it",
        ),
        (
            "[api]\nkey_file = \"/nowhere/keys\"",
            "sockeye.toml:2:12: key_file is \"/nowhere/keys\": expected a file that can be read",
        ),
    ] {
        let found = error(text);
        assert!(found.starts_with(expected), "{text}\n{found}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    for text in [
        "[[auth.key]]\nalgorithm = \"HS256\"\nsecret = \"hunter2\"",
        "[[auth.key]]\nalgorithm = \"HS256\"\nsecret = [\"hunter2\"]",
        "[api]\nkeys = [\"hunter2\"]",
        "[api]\nkeys = \"hunter2\"",
    ] {
        let found = error(text);
        assert!(found.contains("expected") && !found.contains("hunter2"), "{found}");
    }
    let text = "[[auth.key]]\nalgorithm = \"HS256\"\nsecret = \"hunter2-hunter2-hunter2-hunter2-\"";
    let shown = format!("{:?} {:?}", read(text), toml::from_str::<File>(text));
    assert!(shown.contains("Secret(..)") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn what_is_hardly_meant_is_a_warning() {
    let text = "
        [auth]
        anonymous = true
        [[namespace]]
        pattern = \"chat:*\"
        state_keys_max = 5
        history_ttl = \"1m\"
        payload_max = \"2MiB\"
    ";
    let warnings = read(text).expect("it is good").warnings;
    for (warning, expected) in warnings.iter().zip(["state_keys_max", "history_ttl", "payload_max"])
    {
        assert!(warning.starts_with(&format!("namespace chat:*: {expected}")), "{warning}");
    }
    assert_eq!(warnings.len(), 3);
    assert_eq!(read("").expect("it is good").warnings, [NOBODY, NO_NAMESPACE]);
}

#[test]
fn a_flag_wins_over_the_file() {
    let text =
        "[server]\nbind = \"127.0.0.1:9000\"\nworkers = 3\nmessage_max = \"2MiB\"\ngrace = \"3s\"";
    let settings = read(text).expect("it is good");
    // The default value, given.
    let line = ["sockeye", "serve", "--message-max", "1MiB", "--workers", "5"];
    let Ok(Command::Serve(mut serve)) = Arguments::try_read(line) else {
        panic!("it is another command");
    };
    settings.apply(&mut serve);
    assert_eq!((serve.workers, serve.bind.port()), (Some(5), 9000));
    assert_eq!(serve.message_max.as_u64(), 1 << 20);
    assert_eq!(serve.grace, Duration::from_secs(3));
}

/// The settings of each table, as errors about others name them.
fn settings_of(table: &str, required: &str) -> Vec<String> {
    let found = error(&format!("{table}\n{required}\nno_such_setting = 1"));
    let (_, names) = found
        .split_once("expected one of ")
        .unwrap_or_else(|| found.split_once("expected ").expect("it says what there is"));
    names
        .split(", ")
        .flat_map(|names| names.split(" or "))
        .map(|name| name.trim().to_owned())
        .collect()
}

#[test]
fn the_document_has_every_setting_and_no_other() {
    const DOCUMENT: &str = include_str!("../../../../docs/configuration.md");
    for (table, required) in [
        ("[server]", ""),
        ("[auth]", ""),
        ("[[auth.key]]", "algorithm = \"HS256\""),
        ("[api]", ""),
        ("[session]", ""),
        ("[[namespace]]", "pattern = \"*\""),
    ] {
        let heading = format!("## `{table}`\n");
        let (_, section) = DOCUMENT.split_once(&heading).expect("each table has its section");
        let section = section.split("\n## ").next().unwrap_or_default();
        let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
        let mut documented: Vec<String> = section.lines().filter_map(row).collect();
        let mut known = settings_of(table, required);
        known.retain(|name| name != "key" || table != "[auth]");
        documented.sort();
        known.sort();
        assert_eq!(documented, known, "{table}");
    }
}

#[test]
fn origins_are_written_as_browsers_write_them() {
    let read = |origins: &str| read(&format!("[auth]\nallowed_origins = {origins}\n"));
    let settings = read(r#"["https://App.example.org:8443", "*"]"#).expect("it is sound");
    assert_eq!(settings.allowed_origins, ["https://app.example.org:8443", "*"]);
    for wrong in ["example.org", "https://", "https://example.org/", "ftp://example.org"] {
        let error = read(&format!("[{wrong:?}]")).expect_err(wrong).to_string();
        assert!(error.contains("expected an origin such as"), "{error}");
    }
}
