//! A JSON reader that refuses what two readers could understand differently.
