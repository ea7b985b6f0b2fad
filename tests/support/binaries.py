"""Small executables that stand where `temporal` and `go` would be."""

from pathlib import Path


def executable(path: Path, script: str) -> Path:
    """Write a shell script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def temporal(path: Path, server: str) -> Path:
    """A `temporal` that says its server has this version, and can nothing else."""
    return executable(path, f"echo 'temporal version 1.2.3 (Server {server}, UI 2.30.0)'")
