//! The cryptography of tokens, by *ring*, which TLS has brought along.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use signature::{Signer, Verifier};

/// Has tokens be checked and signed by *ring*. May be called again.
pub(super) fn install() {
    // Somebody was first with the same one.
    let _installed = PROVIDER.install_default();
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Those are for JWK sets, which nobody asks for.
    key_utils: KeyUtils::new_unimplemented(),
};

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    let bytes = key.as_bytes();
    let with = match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => {
            SignWith::Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes))
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
            // OpenSSL writes such keys without their public half, which "maybe" is for.
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes);
            SignWith::Ed25519(pair.map_err(|_| ErrorKind::InvalidEddsaKey)?)
        }
        (Algorithm::ES256, AlgorithmFamily::Ec) => {
            let random = SystemRandom::new();
            let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(signing, bytes, &random);
            SignWith::P256(pair.map_err(|_| ErrorKind::InvalidEcdsaKey)?)
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(RingSigner { algorithm: *algorithm, with }))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let bytes = key.try_get_as_bytes()?;
    let public = |algorithm: &'static dyn VerificationAlgorithm| {
        VerifyWith::Public(UnparsedPublicKey::new(algorithm, bytes.to_vec()))
    };
    let with = match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => {
            VerifyWith::Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes))
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => public(&ED25519),
        (Algorithm::ES256, AlgorithmFamily::Ec) => public(&ECDSA_P256_SHA256_FIXED),
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(RingVerifier { algorithm: *algorithm, with }))
}

struct RingSigner {
    algorithm: Algorithm,
    with: SignWith,
}

enum SignWith {
    Secret(hmac::Key),
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        match &self.with {
            SignWith::Secret(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            SignWith::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            SignWith::P256(pair) => {
                let signed = pair.sign(&SystemRandom::new(), message);
                signed
                    .map(|signature| signature.as_ref().to_vec())
                    .map_err(|_| signature::Error::new())
            }
        }
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

struct RingVerifier {
    algorithm: Algorithm,
    with: VerifyWith,
}

enum VerifyWith {
    Secret(hmac::Key),
    Public(UnparsedPublicKey<Vec<u8>>),
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match &self.with {
            VerifyWith::Secret(key) => hmac::verify(key, message, signature),
            VerifyWith::Public(key) => key.verify(message, signature),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
