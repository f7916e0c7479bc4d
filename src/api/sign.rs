//! Request signatures of the RPC gateway.
