# The small image: `inspect`, `forecast` and whatever else takes no Python, without a system around it, and without rights.
# It needs no base, so that it is built where none can be pulled. scripts/release does it where docker answers; by hand, around
# its static program:
#
#     cp target/release-files/shelflife-*-static docker/shelflife-static
#     docker build -f docker/small.Dockerfile -t shelflife:small .
#     docker run --rm --network none -v "$PWD:/work:ro" shelflife:small inspect model.joblib
FROM scratch
COPY docker/shelflife-static /shelflife
USER 65534:65534
WORKDIR /work
ENTRYPOINT ["/shelflife"]
CMD ["--help"]
