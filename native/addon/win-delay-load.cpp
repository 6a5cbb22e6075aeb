// Windows only: the functions of Node-API are exported by the program that loads the addon, which is not called node.exe
// everywhere (Electron). The delay-loaded NODE.EXE is therefore that program itself.

#include <windows.h>

#include <delayimp.h>
#include <string.h>

static FARPROC WINAPI load_host(unsigned event, DelayLoadInfo * info) {
    if (event != dliNotePreLoadLibrary || _stricmp(info->szDll, "node.exe") != 0) {
        return nullptr;
    }
    return reinterpret_cast<FARPROC>(GetModuleHandle(nullptr));
}

decltype(__pfnDliNotifyHook2) __pfnDliNotifyHook2 = load_host;
