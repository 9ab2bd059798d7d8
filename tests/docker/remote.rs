//! An engine that is reached over a network: the same tests, the same results, and nothing of this machine in it.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

use crate::support::{Ended, Project, SERVICES};

const SOCKET: &str = "/var/run/docker.sock";

/// Passes connections on to the engine's socket for as long as this process lives, and returns the address.
fn engine_over_tcp() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || pass_on(client));
        }
    });
    address
}

fn pass_on(client: TcpStream) -> io::Result<()> {
    let engine = UnixStream::connect(SOCKET)?;
    let (mut from_client, mut to_engine) = (client.try_clone()?, engine.try_clone()?);
    let sending = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_engine);
        to_engine.shutdown(Shutdown::Write)
    });
    let (mut from_engine, mut to_client) = (engine, client);
    let _ = io::copy(&mut from_engine, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = sending.join();
    Ok(())
}

fn run(project: &Project, address: &str, more: &[&str]) -> Ended {
    let arguments = [&["pytest", "--image", SERVICES], more].concat();
    project.end(project.command(&arguments).env("DOCKER_HOST", address))
}

#[test]
fn a_suite_with_a_service_a_setup_and_artifacts_runs_on_an_engine_that_is_not_here() {
    let project = Project::empty();
    let compose = "services:\n  cache:\n    image: minke-test/services\n    command: redis-server --protected-mode no\n    \
                   x-minke: { ready: [ { exec: [redis-cli, ping] }, { log: Ready to accept } ] }\n";
    project.write("compose.yaml", compose).write("settings.j2", "shard {{ shard }}\n");
    project.write(
        "test_good.py",
        "import os, redis\n\
         def test_cache(): assert redis.Redis(host='cache').incr('visits') == 1\n\
         def test_files():\n    assert open('/etc/settings').read().startswith('shard ')\n    \
         assert open('prepared').read() == 'prepared\\n'\n    open('made.txt', 'w').write('made')\n",
    );
    project.write("test_bad.py", "def test_fails(): assert False, 'as it should'\n");
    let more = ["-f", "compose.yaml", "--setup", "echo prepared > prepared", "--artifacts", "*.txt", "--shards", "2"];
    let more = [&more[..], &["--file", "settings.j2:/etc/settings", "--isolation", "file"]].concat();
    let ended = run(&project, &engine_over_tcp(), &more);
    ended.expect(1).says("2 passed").says("1 failed").says("as it should");
    ended.left_nothing();
    let kept = ended.run_dir().join("shards");
    let made = std::fs::read_dir(kept).unwrap().flatten();
    assert_eq!(made.filter(|shard| shard.path().join("artifacts/made.txt").exists()).count(), 1);
    assert!(!project.path().join("made.txt").exists() && !project.path().join("prepared").exists());
}

#[test]
fn what_an_engine_elsewhere_cannot_have_is_refused_with_its_address() {
    let project = Project::empty();
    project.write("test_a.py", "def test_a(): pass\n").write("key", "a secret of some length");
    let address = engine_over_tcp();
    run(&project, &address, &["--secret", "KEY=key"]).expect(2).says(&address);
    run(&project, &address, &["--allow-engine-socket"]).expect(2).says(&address);
    run(&project, &address, &["--source", "mount"]).says("warning").says(&address);
}
