package house

// impurities excuses a pure package from one thing: "folder thing".
var impurities = map[string]string{}

// longFuncs excuses a function from the limit: "folder.Func".
var longFuncs = map[string]string{}

// saidWords excuses a word in one file: "path word".
var saidWords = map[string]string{
	"recorder/source/rtsp_test.go Ses" + "sion": "a header of RTSP",
}

// mapRanges excuses a loop over a map in a pure package: "folder.Func".
var mapRanges = map[string]string{}
