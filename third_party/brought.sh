# brought.sh: for the scripts that fetch: files that somebody brings in the folder SOURCES_DIR, under the names that the
# pins have, where no package client here can fetch them; and the list of those that are still to be brought.

sources_dir=${SOURCES_DIR:-}
[ -z "$sources_dir" ] || [ -d "$sources_dir" ] || { echo "third_party/${0##*/}: SOURCES_DIR='$sources_dir' is no folder" >&2; exit 1; }

sha256_of() { sha256sum <"$1" | sed 's/ .*//'; }

# take_brought DEST PINS: of `HASH FILE ..` on stdin those that SOURCES_DIR has. One line for each that is another file than
# its pin says; then it fails.
take_brought() {
    wrong=0
    while [ -n "$sources_dir" ] && read -r hash file rest; do
        [ -f "$sources_dir/$file" ] || continue
        found=$(sha256_of "$sources_dir/$file")
        if [ "$found" = "$hash" ]; then
            cp "$sources_dir/$file" "$1/.new" && mv "$1/.new" "$1/$file"
            echo "  SOURCE	$sources_dir/$file"
        else
            echo "third_party/${0##*/}: $sources_dir/$file has SHA-256 ${found:-of nothing}; third_party/$2 pins $hash" >&2
            wrong=1
        fi
    done
    return $wrong
}

to_bring() { echo "  $1  SHA-256 $2  $3" >&2; } # FILE HASH WHAT
how_to_bring() { echo "Put them into a folder and name it, SOURCES_DIR=FOLDER; third_party/README.md says where they are." >&2; }
