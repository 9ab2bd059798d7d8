//! Recognises the words of programs that found no network.

/// What resolvers, HTTP clients and language runtimes say when a container has no network.
const SIGNS: [&str; 14] = [
    "Name or service not known",
    "Temporary failure in name resolution",
    "nodename nor servname provided",
    "Network is unreachable",
    "network is unreachable",
    "ENETUNREACH",
    "getaddrinfo ENOTFOUND",
    "getaddrinfo EAI_AGAIN",
    "Failed to open TCP connection",
    "Could not resolve host",
    "Couldn't resolve host",
    "java.net.UnknownHostException",
    "Temporary failure resolving",
    "SocketError",
];

/// Tells whether a text looks as if its program had needed a network and had none.
pub(crate) fn is_missing_network(text: &str) -> bool {
    SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_without_a_network_is_recognised() {
        for text in [
            "socket.gaierror: [Errno -2] Name or service not known",
            "urllib3: [Errno -3] Temporary failure in name resolution",
            "OSError: [Errno 101] Network is unreachable",
            "dial tcp 1.1.1.1:443: connect: network is unreachable",
            "connect ENETUNREACH 1.1.1.1:443",
            "Error: getaddrinfo ENOTFOUND registry.example",
            "Error: getaddrinfo EAI_AGAIN db",
            "Failed to open TCP connection to example.org:443 (getaddrinfo: ...)",
            "curl: (6) Could not resolve host: example.org",
            "SocketError: getaddrinfo: Temporary failure in name resolution",
            "java.net.UnknownHostException: example.org",
        ] {
            assert!(is_missing_network(text), "{text}");
        }
    }

    #[test]
    fn other_failures_are_not_taken_for_it() {
        for text in
            ["", "assert 1 == 2", "Connection refused", "network graph differs", "getaddrinfo is mocked", "timeout"]
        {
            assert!(!is_missing_network(text), "{text}");
        }
    }
}
