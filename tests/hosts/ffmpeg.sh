#!/bin/bash
# ffmpeg.sh - ffmpeg encoding with frame and slice threads: frame by frame the same as bare.
#
# Decoder, filters and encoder each have threads that hand frames on under mutexes and condition variables; one frame that is passed on
# before it is finished has another checksum.
# timeout: 240
# shellcheck source=tests/hosts/lib-hosts.sh
. "$(dirname "$0")/lib-hosts.sh"
need ffmpeg
say=(-hide_banner -nostdin -loglevel error -bitexact)
ffmpeg "${say[@]}" -f lavfi -i testsrc2=size=640x360:rate=25:duration=4 -c:v mpeg4 -flags +bitexact -q:v 3 source.avi || skip "this ffmpeg cannot make a source"

frames() { # name codec options...
	local name=$1 status=0
	shift
	"${T[@]}" ffmpeg "${say[@]}" -threads 4 -i ../source.avi -vf scale=320:180,unsharp -threads 4 -flags +bitexact "$@" \
		-f framemd5 "$name.md5" || status=$?
	echo "$name: status $status"
	cat "$name.md5"
}
mpeg4() { frames mpeg4 -c:v mpeg4 -q:v 5; }
ffv1() { frames ffv1 -c:v ffv1 -level 3 -slices 4; }
x264() { frames x264 -c:v libx264 -preset fast -x264-params threads=4:sliced-threads=0:deterministic=1; }

both mpeg4
processes 1
names 'cond|mutex' 'avcodec|avutil|avfilter|ff_|av_'
both ffv1
if ffmpeg -hide_banner -encoders 2>/dev/null | grep -q libx264; then
	both x264
	names 'cond|mutex' 'x264'
else
	echo "no libx264: not tried"
fi
finish
