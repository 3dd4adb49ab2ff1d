//! What a configuration file says for flags that were not given.

use super::file::Server;
use crate::cli::Serve;
use std::path::PathBuf;
use toml::Spanned;

/// Takes over what the file says where the command line says nothing.
pub(super) fn fill(serve: &mut Serve, file: &Server) {
    let is_given = |flag: &str| serve.given.iter().any(|given| given == flag);
    macro_rules! fill {
        ($($flag:ident),*) => {
            $(
                if let Some(value) = file.$flag.filter(|_| !is_given(stringify!($flag))) {
                    serve.$flag = value.into();
                }
            )*
        };
    }
    fill!(
        bind,
        workers,
        driver,
        message_max,
        deflate,
        deflate_level,
        inflated_max,
        busy_poll,
        drain,
        grace
    );
    if !is_given("backend") {
        serve.backend.clone_from(&file.backend);
    }
    // A certificate and its key are one thing: never one from here and the other from there.
    if !is_given("tls_cert") {
        let path = |path: &Option<Spanned<PathBuf>>| Some(path.as_ref()?.get_ref().clone());
        serve.tls_cert = path(&file.tls_cert);
        serve.tls_key = path(&file.tls_key);
        serve.tls_client_ca = path(&file.tls_client_ca);
    }
}
