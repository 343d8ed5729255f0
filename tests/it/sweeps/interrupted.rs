//! Copies that are interrupted at random moments.
