//! What a registry's base says about who may come in, and what it asks of those who do.
