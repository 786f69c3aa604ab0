/* A PKCS#11 library that is SoftHSM but for one fault, which FAULTY names; the
 * tests use it for what no healthy token does. Each login is one line in the
 * file FAULTY_LOG. Built by the tests with the headers of the Go binding. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11go.h"

static CK_FUNCTION_LIST list;
static CK_FUNCTION_LIST_PTR real;
static int signatures;

static int fault(const char *name) {
	const char *f = getenv("FAULTY");
	return f && strcmp(f, name) == 0;
}

static CK_RV initialize(CK_VOID_PTR args) {
	if (fault("exit")) exit(0);
	if (fault("refuses")) return CKR_DEVICE_ERROR;
	return real->C_Initialize(args);
}

static CK_RV login(CK_SESSION_HANDLE h, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG n) {
	FILE *log = fopen(getenv("FAULTY_LOG"), "a");
	fprintf(log, "login %lu\n", user);
	fclose(log);
	if (fault("expired")) return CKR_PIN_EXPIRED;
	return real->C_Login(h, user, pin, n);
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info) {
	CK_RV rv = real->C_GetTokenInfo(slot, info);
	if (fault("count-low")) info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (fault("final-try")) info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (fault("locked")) info->flags |= CKF_USER_PIN_LOCKED;
	if (fault("pad")) info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (fault("escape")) memcpy(info->label, "\033[2J", 4);
	return rv;
}

static CK_RV mechanisms(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR out, CK_ULONG_PTR n) {
	CK_RV rv = real->C_GetMechanismList(slot, out, n);
	if (fault("no-eddsa") && out)
		for (CK_ULONG i = 0; i < *n; i++)
			if (out[i] == 0x1057) out[i] = 1;
	return rv;
}

static CK_RV sign(CK_SESSION_HANDLE h, CK_BYTE_PTR m, CK_ULONG n, CK_BYTE_PTR s, CK_ULONG_PTR sn) {
	if (s) signatures++;
	if (fault("removed")) return CKR_DEVICE_REMOVED;
	if (fault("removed-later") && signatures > 1) return CKR_DEVICE_REMOVED;
	if (fault("closed")) return CKR_SESSION_HANDLE_INVALID;
	if (fault("logged-out")) return CKR_USER_NOT_LOGGED_IN;
	if (fault("broken")) return CKR_GENERAL_ERROR;
	if (fault("mechanism")) return CKR_MECHANISM_INVALID;
	if (fault("full")) return CKR_DATA_LEN_RANGE;
	if (fault("crash")) abort();
	if (fault("hang")) for (;;) pause();
	if (fault("prints")) { printf("{\"signature\":\"\"}\n"); fflush(stdout); }
	if (fault("truncates") && n) n--;
	CK_RV rv = real->C_Sign(h, m, n, s, sn);
	if (fault("flips") && s && rv == CKR_OK) s[3] ^= 1;
	if (fault("short") && s && rv == CKR_OK) *sn = 63;
	if (fault("zeroes") && s && rv == CKR_OK) memset(s, 0, *sn);
	return rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out) {
	void *lib = dlopen(getenv("FAULTY_REAL"), RTLD_NOW | RTLD_LOCAL);
	if (!lib) return CKR_GENERAL_ERROR;
	CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) = (CK_RV (*)(CK_FUNCTION_LIST_PTR_PTR))dlsym(lib, "C_GetFunctionList");
	if (!get || get(&real) != CKR_OK) return CKR_GENERAL_ERROR;
	list = *real;
	list.C_Initialize = initialize;
	list.C_Login = login;
	list.C_GetTokenInfo = token_info;
	list.C_GetMechanismList = mechanisms;
	list.C_Sign = sign;
	*out = &list;
	return CKR_OK;
}
