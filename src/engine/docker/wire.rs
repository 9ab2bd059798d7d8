//! Requests as the engine reads them, where the client library writes them in another way.

use bollard::BollardRequest;

/// The headers in which credentials go to the engine.
const CREDENTIALS: [&str; 2] = ["X-Registry-Auth", "X-Registry-Config"];

/// Mends a request before it is sent.
///
/// Credentials are to be in the URL's alphabet of base64 (<https://docs.docker.com/reference/api/engine/version/v1.41/>); in
/// the other one the engine takes some passwords for none, without a word. A build has its content type twice.
pub(super) fn mend(mut request: BollardRequest) -> BollardRequest {
    let headers = request.headers_mut();
    for name in CREDENTIALS {
        if let Some(value) = headers.get_mut(name)
            && let Ok(mended) = url_safe(value.as_bytes()).parse()
        {
            *value = mended;
            value.set_sensitive(true);
        }
    }
    if let Some(first) = headers.get("Content-Type").cloned() {
        headers.insert("Content-Type", first);
    }
    request
}

fn url_safe(base64: &[u8]) -> String {
    let mend = |byte: &u8| match byte {
        b'+' => '-',
        b'/' => '_',
        byte => char::from(*byte),
    };
    base64.iter().map(mend).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn credentials_are_in_the_alphabet_that_the_engine_reads() {
        // Of one of the three the `?` is the third byte of a group, which the alphabets write differently.
        let texts = ["u", "us", "use"].map(|user| format!("{{\"username\":\"{user}\",\"password\":\"a?\"}}"));
        assert!(texts.iter().any(|text| STANDARD.encode(text) != URL_SAFE.encode(text)));
        for text in texts {
            assert_eq!(url_safe(STANDARD.encode(&text).as_bytes()), URL_SAFE.encode(&text));
        }
    }
}
