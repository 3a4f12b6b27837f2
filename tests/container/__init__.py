"""The Gradescope package in containers as Gradescope runs it: `make container`, which docs/gradescope.md describes.

`roots` makes the root of a container with debootstrap, `cgroups` bounds what runs in it, `docker` is what Docker does to
the first process in it, `inside` is that process, which plays Gradescope's harness, and `handins` is the class it grades.
Everything is mounted in a mount namespace of its own and ends with it.
"""
