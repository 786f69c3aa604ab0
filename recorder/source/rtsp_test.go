package source

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A camera is an RTSP server on the loopback: ffmpeg makes H.264 in RTP, and
// the camera hands its packets to whoever plays, inside the TCP connection.
type camera struct {
	t    *testing.T
	sdp  string
	tcp  net.Listener
	udp  net.PacketConn
	mu   sync.Mutex
	play net.Conn // who plays now
}

func newCamera(t *testing.T) *camera {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &camera{t: t, tcp: tcp, udp: udp}
	sdp := filepath.Join(t.TempDir(), "camera.sdp")
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, tool(t, "ffmpeg"), "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "5", "-pix_fmt", "yuv420p",
		"-f", "rtp", "-sdp_file", sdp, "rtp://"+udp.LocalAddr().String())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(c.relay)
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		tcp.Close()
		udp.Close()
		c.drop()
		running.Wait()
	})
	c.sdp = c.describe(sdp)
	running.Go(func() { c.serve(&running) })
	return c
}

// describe waits for the first packet, after which ffmpeg has written what it
// sends, and names the one stream as RTSP wants it.
func (c *camera) describe(path string) string {
	for c.t.Context().Err() == nil {
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), "a=fmtp") {
			port := regexp.MustCompile(`m=video \d+`)
			return port.ReplaceAllString(string(data), "m=video 0") + "a=control:track1\r\n"
		}
		<-time.After(10 * time.Millisecond) // the file appears without a sign
	}
	return ""
}

func (c *camera) url(user string) string {
	return "rtsp://" + user + c.tcp.Addr().String() + "/hall"
}

func (c *camera) relay() {
	packet := make([]byte, 4+1<<16)
	for {
		n, _, err := c.udp.ReadFrom(packet[4:])
		if err != nil {
			return
		}
		packet[0], packet[1] = '$', 0
		binary.BigEndian.PutUint16(packet[2:], uint16(n))
		c.mu.Lock()
		if c.play != nil {
			if _, err := c.play.Write(packet[:4+n]); err != nil {
				c.play = nil
			}
		}
		c.mu.Unlock()
	}
}

// drop pulls the plug on who plays.
func (c *camera) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.play != nil {
		c.play.Close()
		c.play = nil
	}
}

func (c *camera) serve(running *sync.WaitGroup) {
	for {
		conn, err := c.tcp.Accept()
		if err != nil {
			return
		}
		running.Go(func() { c.answer(conn) })
	}
}

func (c *camera) answer(conn net.Conn) {
	defer conn.Close()
	in := textproto.NewReader(bufio.NewReader(conn))
	for {
		first, err := in.ReadLine()
		if err != nil {
			return
		}
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return
		}
		method, _, _ := strings.Cut(first, " ")
		reply := "RTSP/1.0 200 OK\r\nCSeq: " + header.Get("Cseq") + "\r\n"
		switch method {
		case "OPTIONS":
			reply += "Public: DESCRIBE, SETUP, PLAY\r\n"
		case "DESCRIBE":
			reply += "Content-Type: application/sdp\r\nContent-Length: " + strconv.Itoa(len(c.sdp)) + "\r\n"
		case "SETUP":
			reply += "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
		}
		reply += "\r\n"
		if method == "DESCRIBE" {
			reply += c.sdp
		}
		c.mu.Lock()
		fmt.Fprint(conn, reply)
		if method == "PLAY" {
			c.play = conn
		}
		c.mu.Unlock()
	}
}

// TestCameraIsCutLostAndFoundAgain plays a camera that breaks off, with
// another recorder behind it that has to wait.
func TestCameraIsCutLostAndFoundAgain(t *testing.T) {
	t.Parallel()
	cam := newCamera(t)
	s := mustOpen(t, cam.url("guard:hunter2@"), Options{Camera: "hall", Segment: time.Second, MaxBytes: 64 << 10})
	before := time.Now()
	first := next(t, s)
	second := next(t, s)
	for i, c := range []Clip{first, second} {
		if frames := plays(t, c.Data); frames < 5 || c.Overflow || c.Camera != "hall" {
			t.Errorf("clip %d: %d frames, overflow %v", i, frames, c.Overflow)
		}
		if c.Start.Before(before.Add(-2*time.Second)) || c.Start.Add(c.Length).After(time.Now().Add(time.Second)) {
			t.Errorf("clip %d is of %v, which is not now", i, c.Start)
		}
	}
	if second.Start.Before(first.Start.Add(first.Length)) {
		t.Errorf("clips overlap: %v+%v, then %v", first.Start, first.Length, second.Start)
	}
	cam.drop()
	var err error
	for err == nil {
		_, err = s.Next(t.Context())
	}
	if !errors.Is(err, ErrLost) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("after the plug was pulled: %v", err)
	}
	if frames := plays(t, next(t, s).Data); frames < 5 {
		t.Errorf("found again: %d frames", frames)
	}
}

func TestCameraThatIsNotThere(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	gone.Close()
	tool(t, "ffmpeg")
	s := mustOpen(t, "rtsp://guard:hunter2@"+address+"/x", Options{Segment: time.Second, MaxBytes: 64 << 10})
	if _, err := s.Next(t.Context()); !errors.Is(err, ErrLost) || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}
