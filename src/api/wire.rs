//! Names and shapes of the wire: a call to request parameters, an answer to a reply.
