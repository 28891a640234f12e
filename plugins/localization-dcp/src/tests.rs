//! Tests of the methods: whole runs over a host's session, and the parts that need none.

mod classification;
mod parameters;
mod regions;
