//! Databases: how long 16 containers with a PostgreSQL each take, cloned from the first or each prepared anew, beside one.
//!
//! Runs the real binary. What is measured is a whole run, from its start to the end of its last service.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;

type Failure = Box<dyn Error>;

/// How many containers there are at once, each with a database.
const MANY: u32 = 16;

/// Makes the database where there is none, fills it, and serves it.
const SERVE: &str = r#"#!/bin/sh
set -e
export PGDATA=/data
bin=$(echo /usr/lib/postgresql/*/bin)
as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }
if [ ! -e /data/is-filled ]; then
  install -d -o postgres -g postgres -m 700 /data
  as_postgres "$bin/initdb" -D /data --auth trust --no-sync >&2
  echo 'host all all all trust' >> /data/pg_hba.conf
  echo "create table number as select n, md5(n::text) as text from generate_series(1, $ROWS) as n order by text" |
    as_postgres "$bin/postgres" --single -D /data -F -c max_wal_size=8GB postgres >&2
  touch /data/is-filled
fi
exec setpriv --reuid postgres --regid postgres --init-groups "$bin/postgres" -D /data \
  -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c shared_buffers=16MB
"#;

/// Reads the last row, and writes one that nobody else may have written.
const TEST: &str = r#"
import os, psycopg2
def test_the_database_is_filled_and_nobody_else_was_here():
    database = psycopg2.connect(host="db", user="postgres", dbname="postgres")
    cursor = database.cursor()
    cursor.execute("select count(*) from number where n = %s", (int(os.environ["ROWS"]),))
    assert cursor.fetchone() == (1,)
    cursor.execute("create table visit (name text)")
    database.commit()
"#;

/// Measures how long databases take that are cloned, or each prepared.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs everything small, only to see that it works
    #[arg(long)]
    quick: bool,
    /// Rows that the preparation writes, for each line of the result
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2_000_000, 12_000_000])]
    rows: Vec<u64>,
    /// How many times each side is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Image with PostgreSQL, pytest and psycopg2
    #[arg(long, default_value = "minke-test/services")]
    image: String,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        // `cargo test --all-targets` starts benches too, without this flag.
        eprintln!("this is a bench: run it with `cargo bench`");
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let many = if arguments.quick { 2 } else { MANY };
    let rounds = if arguments.quick { 1 } else { arguments.rounds };
    let sizes = if arguments.quick { &[1][..] } else { &arguments.rows };
    for &rows in sizes {
        let (mut cloned, mut prepared, mut one_alone) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let one = seconds(arguments, rows, 1, "recreate")?;
            cloned.push(seconds(arguments, rows, many, "snapshot")? / one);
            prepared.push(seconds(arguments, rows, many, "recreate")? / one);
            one_alone.push(one);
        }
        let one = median(&mut one_alone);
        println!("{rows} rows, one database takes {one:.1} s: {many} databases beside one");
        for (name, ratios) in [("cloned", &mut cloned), ("each prepared", &mut prepared)] {
            let middle = median(ratios);
            println!("  {name}: {middle:.2} ({:.2} .. {:.2})", ratios[0], ratios[ratios.len() - 1]);
        }
    }
    Ok(())
}

/// Runs so many test files at once, each with a database of its own, and returns how long that took.
fn seconds(arguments: &Arguments, rows: u64, files: u32, reset: &str) -> Result<f64, Failure> {
    let dir = tempfile::Builder::new().prefix("minke-bench-").tempdir()?;
    write_project(dir.path(), arguments, rows, files, reset)?;
    let begun = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_minke"));
    command.current_dir(dir.path()).args(["pytest", "--image", &arguments.image, "--source", "mount"]);
    command.args(["-f", "compose.yaml", "--isolation", "file", "--env", &format!("ROWS={rows}")]);
    let ended = command.arg("--shards").arg(files.to_string()).output()?;
    let seconds = begun.elapsed().as_secs_f64();
    if !ended.status.success() {
        return Err(format!("minke failed:\n{}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    Ok(seconds)
}

fn write_project(dir: &Path, arguments: &Arguments, rows: u64, files: u32, reset: &str) -> Result<(), Failure> {
    let image = &arguments.image;
    let compose = format!(
        "services:\n  db:\n    image: {image}\n    command: [sh, /bench/serve]\n    environment: {{ ROWS: {rows} }}\n    \
         stop_signal: SIGINT\n    volumes: ['./bench:/bench:ro']\n    \
         x-minke: {{ reset: {reset}, ready: [ {{ tcp: 5432, timeout: 600s }} ] }}\n"
    );
    let write = |path: PathBuf, text: &str| fs::write(path, text);
    fs::create_dir(dir.join("bench"))?;
    write(dir.join("bench/serve"), SERVE)?;
    write(dir.join("compose.yaml"), &compose)?;
    for number in 0..files {
        write(dir.join(format!("test_{number}.py")), TEST)?;
    }
    Ok(())
}

/// Sorts the numbers and returns the one in the middle.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
