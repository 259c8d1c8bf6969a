"""CoRIM: signed manifests of reference values and endorsements (draft-ietf-rats-corim-11, of July 2026).

=================  =============================================================================================
`manifest`         the manifest (tag 501) and the tags in it: CoMID (506), CoSWID (505), CoTL (508), others kept as they are
`comid`            modules: environments, measurements, triples
`coswid`           software: files, folders, who made them (RFC 9393)
`common`           digests, entities, validity, keys and what else several of them have
`signed`           COSE_Sign1 around a manifest: verified, and made
`comparing`        when a measurement is what a reference says
`selecting`        which manifests and tags must be discarded
`file_list`        trees of parts as CoSWID payloads, and back
`from_release`     a registry's release as a manifest
`codec`            how one description serves reading and writing
=================  =============================================================================================

Names are the draft's, with ``_`` for ``-``. Read are the draft's forms and those of older drafts that occur; the latter are told
(`codec.Notes`). What is written is deterministic CBOR.
"""
